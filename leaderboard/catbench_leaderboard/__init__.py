"""The leaderboard: who is ahead, by how much, and how sure that is.

What is shown      board running_board leaderboard_table
How it looks       markup figures style suite_words text first_sentence board.css
One a page         screens/
With a server      serve app page_layout history.js
Without one        export

Which reports hold, what they are compared on and who is ahead is found in `catbench.submit`. Pages are markup
and figures, pure functions of a `Board`: the app and the export lay them out.
"""
