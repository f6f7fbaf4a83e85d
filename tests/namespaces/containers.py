# SPDX-License-Identifier: MIT
"""Inside other namespaces and chroots, and where the kernel allows none."""
import os
import shutil
import subprocess

from world import (OBJECTS, ROOT, USER, WORK, environment, host_names, output, shmfs_run, test)

SHMFS = WORK + "/shmfs"


def run(*argv):
    return subprocess.run(argv, env=environment(), cwd="/", capture_output=True, text=True,
                          check=False)


# Root of a user namespace may make mount namespaces, but take nothing away that is mounted.
@test(ROOT, USER)
def root_of_a_user_namespace(caller):
    done = run(*caller.become, "unshare", "--user", "--map-root-user", "--mount", SHMFS, "run", "blue",
               "sh", "-c", "id -u; touch /dev/shm/x")
    assert (done.returncode, done.stdout, done.stderr) == (0, "0\n", ""), done
    assert os.stat(OBJECTS + "/blue/x").st_uid == caller.uid


@test(ROOT, USER)
def another_process_namespace(caller):
    done = run(*caller.become, "unshare", "--user", "--map-root-user", "--pid", "--fork",
               "--mount-proc", SHMFS, "run", "--rm", "--check", "blue", "touch", "/dev/shm/x")
    assert done.returncode == 124, done
    assert host_names() == set()


class Chroot:
    """A plain directory with a system in it, whose mounts are shared with those outside."""
    path = WORK + "/chroot"
    mounted = ("usr", "proc", "dev", "tmp")

    def __enter__(self):
        for name in self.mounted:
            os.makedirs(f"{self.path}/{name}")
            subprocess.run(["mount", "--rbind", "/" + name, f"{self.path}/{name}"], check=True)
        for name in ("bin", "lib", "lib64"):
            if os.path.islink("/" + name):
                os.symlink("usr/" + name, f"{self.path}/{name}")
        subprocess.run(["mount", "--make-rshared", self.path + "/dev"], check=True)

    def __exit__(self, kind, value, trace):
        for name in self.mounted:
            subprocess.run(["umount", "--recursive", "--lazy", f"{self.path}/{name}"], check=True)
        shutil.rmtree(self.path)


def mounts():
    with open("/proc/self/mountinfo", encoding="utf-8") as table:
        return table.read()


@test(ROOT)
def root_in_a_chroot(_caller):
    with Chroot():
        before = mounts()
        for options in ((), ("--rm",), ("--size", "1M")):
            done = run("chroot", Chroot.path, SHMFS, "run", *options, "blue", "sh", "-c",
                       "pwd; touch /dev/shm/x; ls /dev/shm; ls -d /usr")
            assert (done.returncode, done.stdout, done.stderr) == (0, "/\nx\n/usr\n", ""), done
        assert mounts() == before
    assert host_names() == set()


@test(USER)
def a_user_in_a_chroot(caller):
    with Chroot():
        done = run("chroot", f"--userspec={caller.uid}:{caller.gid}", Chroot.path, SHMFS, "run", "blue",
                   "true")
        assert done.returncode == 125, done
        assert "no user namespaces in a chroot" in done.stderr, done


@test(ROOT)
def user_namespaces_are_switched_off(_caller):
    script = ('echo 0 >/proc/sys/user/max_user_namespaces; exec setpriv --bounding-set=-sys_admin '
              '--inh-caps=-sys_admin "$@"')
    for options in ((), ("--rm",)):
        done = run("unshare", "--user", "--map-root-user", "sh", "-c", script, "sh", SHMFS, "run",
                   *options, "blue", "true")
        assert done.returncode == 125, done
        assert done.stderr.count("\n") == 1 and "sysctl user.max_user_namespaces" in done.stderr, done


# Programs ask for the file system's type, and take one answer; older C libraries want a tmpfs.
@test(ROOT)
def one_tmpfs_is_mounted(caller):
    for options in ((), ("--rm",), ("--size", "1M")):
        said = output(caller, *options, "blue", "findmnt", "-nr", "-o", "FSTYPE,TARGET", "-T",
                      "/dev/shm")
        assert said == "tmpfs /dev/shm\n", said


# Mounts and umounts outside are seen inside, so that no file system is kept in use.
@test(ROOT)
def mounts_made_outside_are_seen_inside(caller):
    shared = WORK + "/shared"
    os.makedirs(shared + "/below")
    subprocess.run(["mount", "--bind", shared, shared], check=True)
    subprocess.run(["mount", "--make-shared", shared], check=True)
    try:
        subprocess.run(["mount", "-t", "tmpfs", "inside", shared + "/below"], check=True)
        script = f"grep -c {shared}/below /proc/self/mounts; umount {shared}/below; exit 0"
        assert shmfs_run(caller, "blue", "sh", "-c", script).stdout == "1\n"
        assert os.path.ismount(shared + "/below")
        subprocess.run(["umount", shared + "/below"], check=True)
    finally:
        subprocess.run(["umount", "--recursive", shared], check=True)
