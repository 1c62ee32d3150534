#include "store/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static nrpc_code cannot(const char *what, const char *path, int error, nrpc_status *status)
{
    nrpc_status_set(status, NRPC_FAILED_PRECONDITION, "STORE_CANNOT_OPEN", "cannot %s %s: %s", what,
                    path, strerrordesc_np(error));
    nrpc_status_add(status, "errno", "%s", strerrorname_np(error));
    return NRPC_FAILED_PRECONDITION;
}

// A new name is durable only when its directory is.
static bool sync_directory(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return false;
    int rc = fsync(fd);
    close(fd);
    return rc == 0;
}

// Makes the directories on the way to path, for the server alone.
static nrpc_code make_directories(char *path, nrpc_status *status)
{
    size_t parent = 0; // where the directory that the next one is made in ends
    for (size_t i = 1; path[i]; i++) {
        if (path[i] != '/')
            continue;
        path[i] = '\0';
        bool made = mkdir(path, 0700) == 0;
        int error = made || errno == EEXIST ? 0 : errno;
        if (made) {
            const char *in = parent ? path : path[0] == '/' ? "/" : ".";
            if (parent)
                path[parent] = '\0';
            error = sync_directory(in) ? 0 : errno;
            if (parent)
                path[parent] = '/';
        }
        nrpc_code code = error ? cannot("make the directory", path, error, status) : NRPC_OK;
        path[i] = '/';
        if (code)
            return code;
        parent = i;
    }
    return NRPC_OK;
}

// Two spellings of one file must meet at one lock.
static nrpc_code resolve(char *given, char **path, nrpc_status *status)
{
    *path = realpath(given, NULL);
    if (*path || errno != ENOENT)
        return *path ? NRPC_OK : cannot("open", given, errno, status);
    char *slash = strrchr(given, '/');
    char *directory = NULL;
    if (slash) {
        char saved = slash[1];
        slash[1] = '\0';
        directory = realpath(given, NULL);
        slash[1] = saved;
    } else {
        directory = realpath(".", NULL);
    }
    if (!directory)
        return cannot("open the directory of", given, errno, status);
    if (asprintf(path, "%s/%s", strcmp(directory, "/") == 0 ? "" : directory,
                 slash ? slash + 1 : given) < 0)
        *path = NULL;
    free(directory);
    return *path ? NRPC_OK : sqlite_fail(NULL, NULL, SQLITE_NOMEM, status);
}

// flock and not a lock on the database itself: closing any descriptor of that would drop the
// locks SQLite holds on it, and this one ends with its process, however it ends.
static nrpc_code lock(const char *path, int *lock_fd, nrpc_status *status)
{
    char *name;
    if (asprintf(&name, "%s.lock", path) < 0)
        return sqlite_fail(NULL, NULL, SQLITE_NOMEM, status);
    nrpc_code code = NRPC_OK;
    int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
    if (fd < 0) {
        code = cannot("open the lock file", name, errno, status);
    } else if (flock(fd, LOCK_EX | LOCK_NB)) {
        if (errno == EWOULDBLOCK) {
            char pid[16] = "";
            ssize_t n = pread(fd, pid, sizeof pid - 1, 0);
            long holder = n > 0 ? strtol(pid, NULL, 10) : 0;
            code = nrpc_status_set(status, NRPC_FAILED_PRECONDITION, "STORE_IN_USE",
                                   "%s is open in another server", path);
            if (holder > 0) {
                nrpc_status_set(status, code, "STORE_IN_USE",
                                "%s is open in another server, process %ld", path, holder);
                nrpc_status_add(status, "pid", "%ld", holder);
            }
        } else {
            code = cannot("lock", name, errno, status);
        }
        close(fd);
    } else {
        // Only for whoever reads the refusal: the lock is what counts.
        if (ftruncate(fd, 0) || dprintf(fd, "%ld\n", (long)getpid()) < 0)
            code = cannot("write", name, errno, status);
        *lock_fd = fd;
    }
    free(name);
    return code;
}

static nrpc_code foreign(const char *path, const char *why, nrpc_status *status)
{
    return nrpc_status_set(status, NRPC_FAILED_PRECONDITION, "STORE_FOREIGN_FILE",
                           "%s is not a store of this server: %s", path, why);
}

// Read by hand, so that a file that is not ours is never touched by SQLite. The application id is
// written with the first schema, before WAL is on, so it always stands in the file itself.
static nrpc_code check_header(int fd, const char *path, nrpc_status *status)
{
    static const char magic[16] = "SQLite format 3";
    unsigned char header[100];
    struct stat st;
    if (fstat(fd, &st))
        return cannot("open", path, errno, status);
    if (!S_ISREG(st.st_mode))
        return foreign(path, "it is not a regular file", status);
    if (st.st_size == 0)
        return NRPC_OK;
    ssize_t n = pread(fd, header, sizeof header, 0);
    if (n < 0)
        return cannot("read", path, errno, status);
    if (n < (ssize_t)sizeof header || memcmp(header, magic, sizeof magic) != 0)
        return foreign(path, "it is not an SQLite database", status);
    const unsigned char *id = header + 68;
    if (((uint32_t)id[0] << 24 | (uint32_t)id[1] << 16 | (uint32_t)id[2] << 8 | id[3]) !=
        SQLITE_APPLICATION_ID)
        return foreign(path, "it is another program's database", status);
    return NRPC_OK;
}

nrpc_code sqlite_file_claim(const char *given, char **path, int *lock_fd, nrpc_status *status)
{
    *path = NULL;
    *lock_fd = -1;
    char *copy = strdup(given);
    if (!copy)
        return sqlite_fail(NULL, NULL, SQLITE_NOMEM, status);
    nrpc_code code = make_directories(copy, status);
    if (!code)
        code = resolve(copy, path, status);
    free(copy);
    if (!code)
        code = lock(*path, lock_fd, status);
    if (code)
        return code;
    int fd = open(*path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
    if (fd < 0)
        return cannot("open", *path, errno, status);
    code = check_header(fd, *path, status);
    close(fd);
    return code;
}

void sqlite_file_release(int lock_fd)
{
    // The file stays: removing it would let two servers lock two files of one name.
    if (lock_fd >= 0)
        close(lock_fd);
}
