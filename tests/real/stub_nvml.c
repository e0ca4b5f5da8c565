/* A stand-in for NVIDIA's management library, so that the real pynvml can be tried without a GPU.
 * STUB_NVML says what it plays: "working" (two GPUs), "silent" (one GPU, no question supported),
 * "stopped" (the driver is not loaded). STUB_NVML_PID is the process that uses the first GPU.
 * Values and layouts: NVML API reference.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OK = 0, INVALID = 2, NOT_SUPPORTED = 3, TOO_SMALL = 7, DRIVER_NOT_LOADED = 9 };

typedef struct { unsigned long long total, free, used; } memory;
typedef struct { unsigned gpu, memory; } rates;
typedef struct { unsigned pid; unsigned long long used; unsigned instance, compute; } use;

static int plays(const char *part) {
    const char *said = getenv("STUB_NVML");
    return said && strcmp(said, part) == 0;
}

int nvmlInitWithFlags(unsigned flags) { (void)flags; return plays("stopped") ? DRIVER_NOT_LOADED : OK; }
int nvmlInit_v2(void) { return nvmlInitWithFlags(0); }
int nvmlShutdown(void) { return OK; }
const char *nvmlErrorString(int code) { return code == DRIVER_NOT_LOADED ? "Driver Not Loaded" : "Not Supported"; }

int nvmlSystemGetDriverVersion(char *text, unsigned size) { snprintf(text, size, "999.1"); return OK; }
int nvmlDeviceGetCount_v2(unsigned *count) { *count = plays("silent") ? 1 : 2; return OK; }

int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **device) {
    if (index > 1) return INVALID;
    *device = (void *)(uintptr_t)(index + 1);
    return OK;
}

static int silent(void) { return plays("silent") ? NOT_SUPPORTED : OK; }

int nvmlDeviceGetName(void *device, char *text, unsigned size) {
    snprintf(text, size, device == (void *)1 ? "Stub H200" : "Stub\033[2J A100");
    return silent();
}
int nvmlDeviceGetUUID(void *device, char *text, unsigned size) {
    snprintf(text, size, "GPU-stub-%d", (int)(uintptr_t)device - 1);
    return silent();
}
int nvmlDeviceGetMemoryInfo(void *device, memory *answer) {
    (void)device;
    answer->total = 80ull << 30; answer->used = 20ull << 30; answer->free = 60ull << 30;
    return silent();
}
int nvmlDeviceGetUtilizationRates(void *device, rates *answer) {
    (void)device;
    answer->gpu = 77; answer->memory = 33;
    return silent();
}

static int uses(void *device, unsigned *count, use *list, unsigned long long bytes) {
    const char *pid = getenv("STUB_NVML_PID");
    unsigned room = *count;
    if (silent()) return NOT_SUPPORTED;
    *count = device == (void *)1 ? 1 : 0;
    if (*count == 0) return OK;
    if (room < 1 || !list) return TOO_SMALL;
    list[0].pid = pid ? (unsigned)atoi(pid) : 1;
    list[0].used = bytes;
    list[0].instance = list[0].compute = ~0u;
    return OK;
}
int nvmlDeviceGetComputeRunningProcesses_v3(void *device, unsigned *count, use *list) {
    return uses(device, count, list, 5ull << 30);
}
int nvmlDeviceGetGraphicsRunningProcesses_v3(void *device, unsigned *count, use *list) {
    return uses(device, count, list, ~0ull); /* the driver's word for "not available" */
}
