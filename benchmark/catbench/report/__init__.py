"""From a router and a suite to a report, and what is read off reports.

numbers result report        the record: estimates, one result, the whole report
submission_record limits     what a report says of a submission, and of the limits it ran under
places host_key index        where reports lie; who signed a verification; which are known to hold
predictions stored suite_of    what a router answered, beside a report, and back; what it chose; its suite
evaluation conventions trials estimates counter     a report is made
comparison side_by_side      two reports, prompt by prompt; one beside many
ranks                        ranks and how sure they are
spelling verdict behaviour   numbers and sentences
figure axes plot             curves
"""
