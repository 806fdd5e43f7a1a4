"""The first filter, of a whole jail: which system calls there are, as a policy in nsjail's language."""

ALLOWED = """
read write readv writev pread64 pwrite64 preadv pwritev lseek close close_range dup dup2 dup3 pipe pipe2
open openat openat2 creat newstat newfstat newlstat newfstatat statx statfs fstatfs access faccessat faccessat2 readlink readlinkat
getcwd chdir fchdir getdents getdents64 mkdir mkdirat rmdir unlink unlinkat rename renameat renameat2 link linkat symlink symlinkat
truncate ftruncate fallocate fsync fdatasync chmod fchmod fchmodat umask utimensat copy_file_range sendfile64
poll ppoll select pselect6 epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait eventfd eventfd2
mmap munmap mremap mprotect madvise brk msync
rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigtimedwait rt_sigsuspend rt_sigqueueinfo sigaltstack pause alarm
setitimer getitimer restart_syscall kill tkill tgkill
futex set_robust_list get_robust_list set_tid_address rseq arch_prctl membarrier sched_yield getcpu sched_getaffinity sched_getparam
sched_getscheduler sched_get_priority_max sched_get_priority_min
nanosleep clock_nanosleep clock_gettime clock_getres gettimeofday time times
timer_create timer_settime timer_gettime timer_getoverrun timer_delete timerfd_create timerfd_settime timerfd_gettime
getpid getppid gettid getuid geteuid getgid getegid getresuid getresgid getgroups getpgrp getpgid getsid setsid setpgid getpriority
getrlimit setrlimit getrusage sysinfo newuname getrandom
execve execveat exit exit_group wait4 waitid fork vfork
sendmsg recvmsg sendto recvfrom shutdown getsockopt getsockname
"""
"""What programs need that reaches nothing outside the jail. nsjail's names follow the kernel: newstat is stat, sendfile64 is sendfile."""

CONDITIONAL = (
    "clone(flags) { (flags & 0x7E020000) == 0 }",  # no new namespace
    "socketpair(domain, type, protocol) { domain == 1 }",  # AF_UNIX, as event loops use
    "prlimit64(pid) { pid == 0 }",  # of itself: that of the harness would end the jail
    # TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX
    "ioctl(fd, cmd, arg) { cmd == 0x5401 || cmd == 0x5413 || cmd == 0x541B || cmd == 0x5421 || cmd == 0x5450 || cmd == 0x5451 }",
    # F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC, F_GETPIPE_SZ: no locks and leases, which other jails could see
    "fcntl(fd, cmd, arg) { cmd == 0 || cmd == 1 || cmd == 2 || cmd == 3 || cmd == 4 || cmd == 1030 || cmd == 1032 }",
    # PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_NAME, PR_GET_NAME, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS
    "prctl(option, a2, a3, a4, a5) { option == 1 || option == 4 || option == 15 || option == 16 || option == 22 || option == 38 }",
)

REFUSED = """
ptrace process_vm_readv process_vm_writev process_madvise kcmp pidfd_open pidfd_getfd pidfd_send_signal
unshare setns mount umount pivot_root chroot move_mount open_tree fsopen fsconfig fsmount fspick mount_setattr mknod mknodat
bpf perf_event_open userfaultfd seccomp mincore io_uring_setup io_uring_enter io_uring_register keyctl add_key request_key
init_module finit_module delete_module kexec_load kexec_file_load reboot swapon swapoff acct quotactl syslog
sethostname setdomainname settimeofday clock_settime clock_adjtime adjtimex iopl ioperm modify_ldt personality lookup_dcookie
name_to_handle_at open_by_handle_at inotify_init inotify_init1 inotify_add_watch fanotify_init fanotify_mark flock
memfd_create memfd_secret shmget shmat shmctl shmdt semget semop semctl semtimedop msgget msgsnd msgrcv msgctl
mq_open mq_unlink mq_timedsend mq_timedreceive mq_notify mq_getsetattr
socket connect bind listen accept accept4 setsockopt sendmmsg recvmmsg vmsplice splice tee signalfd signalfd4
setuid setgid setreuid setregid setresuid setresgid setgroups setfsuid setfsgid capset
chown fchown lchown fchownat setxattr lsetxattr fsetxattr
mlock mlock2 mlockall mbind set_mempolicy migrate_pages move_pages
sched_setaffinity sched_setscheduler sched_setattr sched_setparam setpriority ioprio_set
"""
"""What is refused as not permitted. Whatever stands nowhere is told to be absent, as on an older kernel."""

_EPERM, _ENOSYS = 1, 38


def policy() -> str:
    """The policy, as nsjail's `seccomp_string` takes it."""
    allowed = ", ".join([*ALLOWED.split(), *CONDITIONAL])
    return f"POLICY jail {{ ALLOW {{ {allowed} }}, ERRNO({_EPERM}) {{ {', '.join(REFUSED.split())} }} }} USE jail DEFAULT ERRNO({_ENOSYS})"
