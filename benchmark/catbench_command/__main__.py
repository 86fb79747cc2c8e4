"""`python -m catbench_command` is the program `catbench`, whoever wrote the script of that name."""

from catbench_command import main

main()
