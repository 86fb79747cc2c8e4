"""Is there anything to route? What a suite says before anybody builds a router for it.

finding           the record, and the sentence that sums it up
inspection        a suite is looked at: what the kinds of prompts, a ridge and the oracles gain
inspection_plot   the picture
"""
