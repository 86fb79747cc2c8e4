"""Submissions: a folder with a router, checked, run in a sandbox, judged and verified.

sandbox/      a process that cannot hurt the host, see an answer or stay behind
folder        `submission.toml`, and every fault that a folder can have
requirements  packages that it needs: present, or hashed wheels
template      a folder to start from
submitted     predictions of a submission on all metrics, and their digest
checks        honesty: the same again, another order, one at a time, shuffled labels
duplicates    test prompts that stand in its files
run           all of it on a suite, into a report
verify        a report derived again from its predictions, or from a rerun
"""
