"""The prompt side of the paper's suites: sources, diversity filter, splits, slices and checks.

The steps, each in a file of its own:

    sources, source_tables      rows of COCO captions or DiffusionDB prompts, from a file or fetched
    clean                       distinct prompts in a seeded order; what was left out, counted
    embeddings                  unit vectors of texts, cached by content
    similarity, diversity       which prompts are near, and the greedy filter of the paper's §5.2
    leaks, drop                 near-duplicates across splits, and a suite without them
    paper_suites, build, ids    the suite before its scores; the prompts that it kept, as a list
    prompt_check, check_plot    what is wrong with any suite's prompts, or near another's
    add_feature                 vectors put beside a suite's scores
"""
