"""Run a stranger's router in a process of its own that cannot hurt the host, see an answer or stay behind.

    wire       prompts, qualities and answers as bytes: JSON and npz, nothing pickled
    layout     which folders the inside sees, and which are masked
    launch     the command that starts the inside: bubblewrap, or a bare process
    routers    makes, fits and asks the router: inside, or in this process where no sandbox is asked for
    child      inside: the program
    group      a control group of the kernel's around it, where there is one
    watch      counts processes, memory and files of a running sandbox
    channel    a process: one request, one answer, under the limits
    session    routers behind a channel

Scores of test prompts never enter a sandbox, and numbers never leave it but as predictions.
"""
