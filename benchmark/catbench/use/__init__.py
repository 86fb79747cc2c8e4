"""A router in use: fitted and kept, it takes prompts and a budget and says which candidate draws each.

familiar       which prompts are unlike those of training
calibration    a router is fitted; from a budget to two trade-offs by validation prompts, and what to expect
fitted_folder router_state    a fitted router on disk; what it answers by, never a pickle
fitted         fit, choose, plan, save and load
prompt_files   prompts of a file, some at a time
later_scores   what it is worth on prompts that were scored later
"""
