/* Preloaded: whatever lies in the folder DOUBLE_DRI is what this process finds in /dev/dri, and a render node to libdrm. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NODES "/dev/dri"
#define DRM_NODE_RENDER 2

static const char *redirected(const char *path, char *room, size_t size)
{
    const char *folder = getenv("DOUBLE_DRI");
    if (!folder || strncmp(path, NODES, strlen(NODES)) != 0)
        return path;
    snprintf(room, size, "%s%s", folder, path + strlen(NODES));
    return room;
}

#define OPEN(name)                                                          \
    int name(const char *path, int flags, ...)                              \
    {                                                                       \
        char room[4096];                                                    \
        va_list rest;                                                       \
        va_start(rest, flags);                                              \
        mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(rest, mode_t) : 0; \
        va_end(rest);                                                       \
        int (*next)(const char *, int, ...) = dlsym(RTLD_NEXT, #name);      \
        return next(redirected(path, room, sizeof room), flags, mode);      \
    }
OPEN(open)
OPEN(open64)

DIR *opendir(const char *path)
{
    char room[4096];
    DIR *(*next)(const char *) = dlsym(RTLD_NEXT, "opendir");
    return next(redirected(path, room, sizeof room));
}

int drmGetNodeTypeFromFd(int fd)
{
    (void)fd;
    return DRM_NODE_RENDER;
}
