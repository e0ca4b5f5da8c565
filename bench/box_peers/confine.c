/* What bubblewrap lacks, as the smallest program that adds it: Landlock over the whole view, a system call filter
 * of some refused calls, then the command. The bench puts it behind bubblewrap. Source: landlock(7), seccomp(2). */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static void allow(int rules, const char *path, unsigned long long what) {
    struct landlock_path_beneath_attr beneath = {.allowed_access = what, .parent_fd = open(path, O_PATH | O_CLOEXEC)};
    if (beneath.parent_fd >= 0) {
        syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0);
        close(beneath.parent_fd);
    }
}

int main(int count, char **arguments) {
    struct landlock_ruleset_attr all = {.handled_access_fs = (1ULL << 13) - 1};
    int refused[] = {SYS_mount, SYS_umount2, SYS_unshare, SYS_setns, SYS_ptrace, SYS_bpf, SYS_keyctl, SYS_io_uring_setup,
                     SYS_userfaultfd, SYS_kexec_load, SYS_init_module, SYS_perf_event_open};
    enum { REFUSED = sizeof refused / sizeof *refused };
    struct sock_filter filter[REFUSED + 3];
    struct sock_fprog program = {.len = REFUSED + 3, .filter = filter};
    int rules = syscall(SYS_landlock_create_ruleset, &all, sizeof all, 0);
    if (count < 2 || rules < 0)
        return 125;
    allow(rules, "/", (1 << 0) | (1 << 2) | (1 << 3));
    allow(rules, "/tmp", all.handled_access_fs);
    filter[0] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (int i = 0; i < REFUSED; i++)
        filter[i + 1] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, refused[i], REFUSED - i, 0);
    filter[REFUSED + 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    filter[REFUSED + 2] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || syscall(SYS_landlock_restrict_self, rules, 0) ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
        return 125;
    execv(arguments[1], arguments + 1);
    perror(arguments[1]);
    return 127;
}
