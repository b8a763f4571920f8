"""What all emulated GBCS devices share: checks of a command, execution by payload family, protection of the answer."""
