# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Trees by way of Python's os, shutil, pathlib and tempfile.
python3 - <<'P'
import errno, os, pathlib, shutil, stat, tempfile
def attempt(what, f, *args, **kw):
    try:
        print(what, f(*args, **kw))
    except OSError as error:
        print(what, errno.errorcode[error.errno])
os.makedirs("a/b/c", 0o750)
attempt("makedirs again", os.makedirs, "a/b/c")
os.makedirs("a/b/c", exist_ok=True)
for name in "a/1", "a/b/2", "a/b/c/3":
    pathlib.Path(name).write_text(name)
os.symlink("b/c", "a/link")
os.symlink("nothing", "a/dangling")
for top, dirs, files in os.walk("a"):
    dirs.sort()
    print(top, dirs, sorted(files))
for top, dirs, files in os.walk("a", topdown=False):
    print(top, sorted(dirs), sorted(files))
for top, dirs, files, fd in os.fwalk("a", follow_symlinks=True):
    dirs.sort()
    print(top, dirs, sorted(files))
print(sorted((e.name, e.is_dir(), e.is_dir(follow_symlinks=False), e.is_symlink(),
              e.inode() == os.lstat(e.path).st_ino) for e in os.scandir("a")))
shutil.copytree("a", "copy", symlinks=True)
print(sorted(str(p) for p in pathlib.Path("copy").rglob("*")))
attempt("copytree again", shutil.copytree, "a", "copy")
shutil.copytree("a/b", "copy", symlinks=True, dirs_exist_ok=True)
print(shutil.move("copy/b", "moved"))
attempt("move into itself", lambda: os.rename("a", "a/x"))
attempt("rename over full", os.rename, "a", "moved")
attempt("replace file by directory", os.replace, "a/1", "a/b")
attempt("replace directory by file", os.replace, "a/b", "a/1")
os.renames("moved/c", "deep/er/c")
attempt("removedirs", os.removedirs, "deep/er")
attempt("rmdir", os.rmdir, "deep")
fd = os.open("a", os.O_RDONLY | os.O_DIRECTORY)
os.mkdir("new", dir_fd=fd)
attempt("open at", lambda: os.close(os.open("b/2", os.O_RDWR, dir_fd=fd)))
attempt("stat at", lambda: stat.filemode(os.stat("new", dir_fd=fd).st_mode))
attempt("unlink at", os.unlink, "new", dir_fd=fd)
attempt("rmdir at", os.rmdir, "new", dir_fd=fd)
attempt("listdir", lambda: sorted(os.listdir(fd)))
attempt("read directory", os.read, fd, 10)
os.fchdir(fd)
print(os.path.basename(os.getcwd()))
os.chdir("..")
with tempfile.TemporaryDirectory(dir=".") as name:
    print(stat.filemode(os.stat(name).st_mode))
    with tempfile.NamedTemporaryFile(dir=name) as f:
        f.write(b"x")
    os.mkdir(os.path.join(name, "left"))
print(sorted(os.listdir(".")))
os.chmod("a", 0o700)
shutil.copystat("a", "copy")
print(stat.filemode(os.stat("copy").st_mode))
os.utime("copy", ns=(10**18, 10**18 + 1))
print(os.stat("copy").st_mtime_ns)
print(shutil.make_archive(os.environ["SCRATCH"] + "/arch", "zip", "copy")[-8:])
shutil.unpack_archive(os.environ["SCRATCH"] + "/arch.zip", "unzipped")
print(sorted(str(p) for p in pathlib.Path("unzipped").rglob("*")))
shutil.rmtree("copy")
attempt("rmtree missing", shutil.rmtree, "copy")
print(sorted(os.listdir(".")))
P
find . -printf '%p %y %m %n %s\n' | sort
