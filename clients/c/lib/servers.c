#include <ftz/client.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *environment(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

// A comma would end the URL.
static char *runtime_servers(const char *directory)
{
    char *path, *servers = NULL;
    struct stat info;
    if (directory[0] != '/' || strchr(directory, ',') ||
        asprintf(&path, "%s/ftz.sock", directory) < 0)
        return NULL;
    if (stat(path, &info) == 0 && S_ISSOCK(info.st_mode) &&
        asprintf(&servers, "ipc://%s,%s", path, FTZ_DEFAULT_SERVER) < 0)
        servers = NULL;
    free(path);
    return servers;
}

char *ftz_servers(const char *servers)
{
    if (servers && *servers)
        return strdup(servers);
    const char *set = environment("FTZ_SERVER");
    if (set)
        return strdup(set);
    const char *directory = environment("XDG_RUNTIME_DIR");
    char *found = directory ? runtime_servers(directory) : NULL;
    return found ? found : strdup(FTZ_DEFAULT_SERVER);
}
