"""Nothing of the host's is written, moved or deleted."""

from __future__ import annotations

ATTACKS = (
    (
        "writes outside its folder",
        """
import sysconfig
def writable(place):
    try:
        with open(os.path.join(place, '@SECRET@-written'), 'w') as file: file.write('x')
    except OSError:
        return False
    return True
for place in ('/', '/usr', '/etc', '/dev', '/proc', '/submission', '/packages',
              '@SUITE@', '@CHECKOUT@', '@HOME@',
              sys.prefix, sys.base_prefix, sysconfig.get_paths()['purelib'], os.path.dirname(np.__file__)):
    if place == '@CHECKOUT@' and place.startswith('/tmp/'): continue  # inside, /tmp is a private one
    if writable(place): raise Stolen(place)
writable('/tmp'), writable('/dev/shm')
""",
    ),
    (
        "deletes what it finds",
        """
import shutil
for place in ('@SUITE@', '@HOME@', '@CHECKOUT@', '/submission'): shutil.rmtree(place, ignore_errors=True)
""",
    ),
    (
        "links out of its temporary folder",
        """
for target in ('@SUITE@/scores.parquet', '@HOME@/secret', '/proc/1/root@HOME@/secret'):
    link = '/tmp/link' + str(abs(hash(target)))
    os.symlink(target, link)
    if readable(link): raise Stolen(target)
""",
    ),
)


def test_an_attack_is_contained(attack, contained):
    contained(attack)
