"""Submissions: a folder with a router, checked, run in a sandbox, judged and verified.

sandbox/      a process that cannot hurt the host, see an answer or stay behind
folder        `submission.toml`, and every fault that a folder can have
requirements  packages that it needs: present, or hashed wheels
faults weights    what is wrong, in a line each: of its settings, of its weights
template      a folder to start from
trial         `catbench submit check`: all problems at once, and its code on a small suite
checks        its answers: the same again, in another order, one at a time; their digest; beside baselines
canaries rewording    runs that look like the one that counts, and how prompts are put in other words
judging       the sessions of a submission, and what each check found
duplicates noise      test prompts in its files; answers that know the noise of scores
run           all of it on a suite, into a report
verify rerun  a report derived again from its predictions; from another run, on new prompts too
private coarse        a test split that only a host has, and a report that gives little of it away
entries door          reports in folders, and which of them hold
problems paired_ranks    what is compared with what, who is ahead, and by how much
"""
