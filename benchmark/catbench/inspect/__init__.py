"""Is there anything to route? What a suite says before anybody builds a router for it.

possible_gains    what the mixture, the kinds of prompts, a ridge and the oracles gain
finding           the record, and the sentence that sums it up
inspection        a suite is looked at
inspection_plot   the picture
"""
