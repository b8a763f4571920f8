"""Tests that a lab would write, for any electricity meter: emulated, or real on a rig.

::

    pytest --pyargs rigs.examples                                      # emulated, in virtual time
    pytest --pyargs rigs.examples --meterfarm-rig bench-1              # the device of rigs/bench-1.toml

They stand on the fixtures of the plugin alone; copy one into a repository of your own and change it.
"""
