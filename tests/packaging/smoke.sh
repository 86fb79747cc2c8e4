# What an installed catbench does first, in an empty folder: `sh smoke.sh CATBENCH`.
set -e
catbench=$1
"$catbench" --version
"$catbench" suites
"$catbench" verify nano
"$catbench" evaluate ridge --suite nano --metric clip_score --compact --json ridge.json --plot ridge.png
"$catbench" evaluate knn --suite nano --metric clip_score --compact --json knn.json
"$catbench" compare ridge.json knn.json
"$catbench" inspect nano
"$catbench" simulate --out simulated --prompts 200 --candidates 3
"$catbench" evaluate trees --suite simulated
"$catbench" fit ridge --suite nano --metric clip_score --out fitted
"$catbench" route fitted "a big red circle on a white background" --save 20%
