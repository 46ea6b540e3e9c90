/* crash_disk - see the header.
 *
 * Happy path: calls go through to the real file, writes are remembered until a sync. How it fails:
 * that is its job; with more files than it can remember the process ends. */

#include "crash_disk.h"

#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "base/mem.h"

enum { FILES_MAX = 16, PATH_BYTES = 256, SECTOR = 512 };

#define TORN_PER_10000 300

struct change {
    struct change *next;
    int64_t at;
    int size;
    bool cuts; /* the file ends at `at` */
    uint8_t bytes[];
};

struct image {
    uint8_t *bytes;
    int64_t size;
};

struct disk_file {
    char path[PATH_BYTES];
    struct image safe; /* as it was when it was synced */
    struct change *first, **last;
    bool gone;
};

struct handle {
    sqlite3_file file;      /* first */
    struct disk_file *disk; /* NULL: not one of those that matter */
    sqlite3_file *real;
};

static struct {
    pthread_mutex_t mutex; /* never let go of once it has crashed */
    struct crash_plan plan;
    sqlite3_vfs *real;
    uint64_t dice, done;
    struct disk_file files[FILES_MAX];
    uint32_t count;
} the_disk = {.mutex = PTHREAD_MUTEX_INITIALIZER};

uint64_t crash_disk_dice(uint64_t *state, uint64_t below)
{
    uint64_t mixed = *state += 0x9e3779b97f4a7c15u;
    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebu;
    mixed ^= mixed >> 31;
    return below ? mixed % below : 0;
}

static bool hits(uint64_t per_10000)
{
    return crash_disk_dice(&the_disk.dice, 10000) < per_10000;
}

/* ---- images */

static void resize(struct image *image, int64_t size)
{
    image->bytes = mem_resize(image->bytes, (size_t)size + 1);
    if (size > image->size) {
        memset(image->bytes + image->size, 0, (size_t)(size - image->size));
    }
    image->size = size;
}

static void put(struct image *image, int64_t at, const uint8_t *bytes, int64_t size)
{
    if (at + size > image->size) {
        resize(image, at + size);
    }
    memcpy(image->bytes + at, bytes, (size_t)size);
}

/* Sector by sector. */
static void put_some(struct image *image, const struct change *change, uint64_t keep)
{
    int64_t end = change->at + change->size;
    for (int64_t at = change->at; at < end;) {
        int64_t next = (at / SECTOR + 1) * SECTOR;
        int64_t size = (next < end ? next : end) - at;
        if (hits(keep)) {
            int64_t torn = hits(TORN_PER_10000) && keep < 10000
                               ? (int64_t)crash_disk_dice(&the_disk.dice, (uint64_t)size)
                               : size;
            put(image, at, change->bytes + (at - change->at), torn);
        }
        at += size;
    }
}

static void apply(struct image *image, const struct change *change, uint64_t keep)
{
    if (!change->cuts) {
        put_some(image, change, keep);
    } else if (hits(keep)) {
        resize(image, change->at);
    }
}

static void forget_changes(struct disk_file *disk)
{
    while (disk->first) {
        struct change *change = disk->first;
        disk->first = change->next;
        mem_free(change);
    }
    disk->last = &disk->first;
}

static void make_safe(struct disk_file *disk)
{
    for (const struct change *change = disk->first; change; change = change->next) {
        apply(&disk->safe, change, 10000);
    }
    forget_changes(disk);
}

/* A new file in its place: other threads may still read the old one. */
static void write_out(const struct disk_file *disk)
{
    char path[PATH_BYTES + 8];
    snprintf(path, sizeof(path), "%s.new", disk->path);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    CHECK(fd >= 0);
    CHECK(pwrite(fd, disk->safe.bytes, (size_t)disk->safe.size, 0) == disk->safe.size);
    close(fd);
    CHECK(rename(path, disk->path) == 0);
}

/* ---- the crash */

static void crash(void)
{
    static const uint64_t keeps[] = {0, 2000, 5000, 9000, 9900, 10000};
    uint64_t keep = keeps[crash_disk_dice(&the_disk.dice, sizeof(keeps) / sizeof(keeps[0]))];
    for (uint32_t i = 0; i < the_disk.count; i++) {
        struct disk_file *disk = &the_disk.files[i];
        if (disk->gone && hits(keep)) {
            unlink(disk->path);
            continue;
        }
        for (const struct change *change = disk->first; change; change = change->next) {
            apply(&disk->safe, change, keep);
        }
        write_out(disk);
    }
    _exit(CRASH_DISK_EXIT);
}

/* Under the mutex. False: it fails. */
static bool is_alive(void)
{
    bool over = the_disk.plan.at && ++the_disk.done >= the_disk.plan.at;
    if (over && !the_disk.plan.fails) {
        crash();
    }
    return !over;
}

static bool remember(struct disk_file *disk, struct change *change_take)
{
    pthread_mutex_lock(&the_disk.mutex);
    *disk->last = change_take;
    disk->last = &change_take->next;
    bool alive = is_alive();
    pthread_mutex_unlock(&the_disk.mutex);
    return alive;
}

/* ---- files */

static struct handle *of(sqlite3_file *file)
{
    return (struct handle *)file;
}

#define REAL(file) (of(file)->real)
#define CALL(file, method, ...) REAL(file)->pMethods->method(REAL(file), __VA_ARGS__)

static int close_file(sqlite3_file *file)
{
    return REAL(file)->pMethods->xClose(REAL(file));
}

static int read_file(sqlite3_file *file, void *into, int size, sqlite3_int64 at)
{
    return CALL(file, xRead, into, size, at);
}

static int write_file(sqlite3_file *file, const void *bytes, int size, sqlite3_int64 at)
{
    struct handle *handle = of(file);
    if (handle->disk) {
        struct change *change = mem_new(sizeof(*change) + (size_t)size);
        change->at = at;
        change->size = size;
        memcpy(change->bytes, bytes, (size_t)size);
        if (!remember(handle->disk, change)) {
            return SQLITE_IOERR_WRITE;
        }
    }
    return CALL(file, xWrite, bytes, size, at);
}

static int cut_file(sqlite3_file *file, sqlite3_int64 size)
{
    struct handle *handle = of(file);
    if (handle->disk) {
        struct change *change = mem_new(sizeof(*change));
        change->at = size;
        change->cuts = true;
        if (!remember(handle->disk, change)) {
            return SQLITE_IOERR_TRUNCATE;
        }
    }
    return CALL(file, xTruncate, size);
}

/* The real file needs none: it is read by the next process, not after a loss of power. */
static int sync_file(sqlite3_file *file, int flags)
{
    (void)flags;
    struct handle *handle = of(file);
    bool alive = true;
    if (handle->disk) {
        pthread_mutex_lock(&the_disk.mutex);
        alive = is_alive();
        if (alive && !the_disk.plan.lies) {
            make_safe(handle->disk);
        }
        pthread_mutex_unlock(&the_disk.mutex);
    }
    return alive ? SQLITE_OK : SQLITE_IOERR_FSYNC;
}

static int size_of_file(sqlite3_file *file, sqlite3_int64 *ret_size)
{
    return CALL(file, xFileSize, ret_size);
}

static int lock_file(sqlite3_file *file, int level)
{
    return CALL(file, xLock, level);
}

static int unlock_file(sqlite3_file *file, int level)
{
    return CALL(file, xUnlock, level);
}

static int check_lock(sqlite3_file *file, int *ret_locked)
{
    return CALL(file, xCheckReservedLock, ret_locked);
}

static int control_file(sqlite3_file *file, int what, void *argument)
{
    return CALL(file, xFileControl, what, argument);
}

static int sector_size(sqlite3_file *file)
{
    (void)file;
    return SECTOR;
}

static int characteristics(sqlite3_file *file)
{
    return REAL(file)->pMethods->xDeviceCharacteristics(REAL(file));
}

static int map_shm(sqlite3_file *file, int page, int size, int extend, void volatile **ret_at)
{
    return CALL(file, xShmMap, page, size, extend, ret_at);
}

static int lock_shm(sqlite3_file *file, int offset, int count, int flags)
{
    return CALL(file, xShmLock, offset, count, flags);
}

static void barrier_shm(sqlite3_file *file)
{
    REAL(file)->pMethods->xShmBarrier(REAL(file));
}

static int unmap_shm(sqlite3_file *file, int removes)
{
    return CALL(file, xShmUnmap, removes);
}

static const sqlite3_io_methods methods = {.iVersion = 2,
    .xClose = close_file,
    .xRead = read_file,
    .xWrite = write_file,
    .xTruncate = cut_file,
    .xSync = sync_file,
    .xFileSize = size_of_file,
    .xLock = lock_file,
    .xUnlock = unlock_file,
    .xCheckReservedLock = check_lock,
    .xFileControl = control_file,
    .xSectorSize = sector_size,
    .xDeviceCharacteristics = characteristics,
    .xShmMap = map_shm,
    .xShmLock = lock_shm,
    .xShmBarrier = barrier_shm,
    .xShmUnmap = unmap_shm};

/* ---- the file system */

/* What is there when it is first opened has been there for long: it is safe. */
static void read_safe(struct disk_file *disk)
{
    struct stat stat;
    int fd = open(disk->path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &stat) == 0) {
        resize(&disk->safe, stat.st_size);
        CHECK(pread(fd, disk->safe.bytes, (size_t)stat.st_size, 0) == stat.st_size);
    }
    if (fd >= 0) {
        close(fd);
    }
}

static struct disk_file *find(const char *path)
{
    for (uint32_t i = 0; i < the_disk.count; i++) {
        if (strcmp(the_disk.files[i].path, path) == 0) {
            return &the_disk.files[i];
        }
    }
    return NULL;
}

/* Before the real one is opened, which may make it. */
static struct disk_file *need(const char *path)
{
    pthread_mutex_lock(&the_disk.mutex);
    struct disk_file *disk = find(path);
    if (!disk) {
        CHECK(the_disk.count < FILES_MAX);
        CHECK(strlen(path) < PATH_BYTES);
        disk = &the_disk.files[the_disk.count++];
        memcpy(disk->path, path, strlen(path));
        disk->last = &disk->first;
        read_safe(disk);
    } else if (disk->gone) {
        disk->gone = false;
        forget_changes(disk);
        disk->safe.size = 0;
    }
    pthread_mutex_unlock(&the_disk.mutex);
    return disk;
}

static int open_file(
    sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *ret_flags)
{
    (void)vfs;
    struct handle *handle = of(file);
    bool matters = path && (flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL));
    handle->disk = matters ? need(path) : NULL;
    handle->real = (sqlite3_file *)(handle + 1);
    int rc = the_disk.real->xOpen(the_disk.real, path, handle->real, flags, ret_flags);
    handle->file.pMethods = handle->real->pMethods ? &methods : NULL;
    return rc;
}

/* Whether a removal is there after a crash is a matter of chance. */
static int delete_file(sqlite3_vfs *vfs, const char *path, int syncs)
{
    (void)vfs;
    pthread_mutex_lock(&the_disk.mutex);
    struct disk_file *disk = find(path);
    bool alive = true;
    if (disk) {
        disk->gone = true;
        alive = is_alive();
    }
    pthread_mutex_unlock(&the_disk.mutex);
    return alive ? the_disk.real->xDelete(the_disk.real, path, syncs) : SQLITE_IOERR_DELETE;
}

void crash_disk_start(const struct crash_plan *plan)
{
    static sqlite3_vfs vfs;
    CHECK(!the_disk.real);
    the_disk.plan = *plan;
    the_disk.dice = plan->seed;
    the_disk.real = sqlite3_vfs_find(NULL);
    vfs = *the_disk.real;
    vfs.pNext = NULL;
    vfs.zName = "crash_disk";
    vfs.szOsFile = (int)sizeof(struct handle) + the_disk.real->szOsFile;
    vfs.xOpen = open_file;
    vfs.xDelete = delete_file;
    CHECK(sqlite3_vfs_register(&vfs, 1) == SQLITE_OK);
}
