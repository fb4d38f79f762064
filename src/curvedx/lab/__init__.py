"""The fault lab: small models really trained, with a fault put in on purpose, logged by the loggers people use.

`tasks` says what is learned, `faults` what goes wrong and when, `loggers` how it is written down, `loop` trains in
plain torch and `with_*` in a framework; `samples` names the runs whose logs the project keeps. All but `samples` and
`loggers` need the extra ``lab``; nothing else in the library imports this room.
"""
