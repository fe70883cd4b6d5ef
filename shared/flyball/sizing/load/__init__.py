"""How much does one instance carry before it saturates, measured on a real endpoint?

`order` says what is sent and within which hard limits, `ladder` which load comes next, `drive` runs
the steps, `tally` makes them into a benchmark's. `generator` alone knows Locust: it runs as a
program of its own, which `spawn` starts, so that what it changes in the standard library is changed
nowhere else.
"""
