"""The leaderboard: who is ahead, by how much, and whether it is certain.

Reading            reports problems draws ranks board cache
One a page         standing curves compare prompts suite submit
Without a server   export
With one           serve live widgets layouts app screens/

Tables and figures are pure functions of a `Board`, which is made of reports; the app only lays them out.
"""
