"""From a router and a suite to a report, and what is read off reports.

numbers result report        the record: estimates, one result, the whole report
submission_record limits     what a report says of a submission, and of the limits it ran under
places host_key index        where reports lie; who signed a verification; which are known to hold
predictions stored suite_of    what a router answered, beside a report, and back; the suite it is about
evaluation pools_and_slices trials overheads estimates signature counter     a report is made
comparison side_by_side      two reports, prompt by prompt; one beside many
choices ranks                what a router chose at each budget; ranks and how sure they are
spelling verdict behaviour   numbers and sentences
figure axes plot             curves
"""
