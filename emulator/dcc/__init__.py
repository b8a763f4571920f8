"""The DCC's side: access control, schedules, target response times, and the access control broker."""
