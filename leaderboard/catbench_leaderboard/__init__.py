"""The leaderboard: who is ahead, by how much, and how sure that is.

Reading            reports suites door problems board board_answers
Ranking            ranks ranking
One a page         leaderboard curves compare prompt_lists suite submit
Without a server   export
With one           serve live widgets layouts prompt_layouts app screens/

Tables and figures are pure functions of a `Board`, which is made of reports that hold; the app only lays
them out.
"""
