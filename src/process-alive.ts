/** Whether there is a process with this id; one of another user counts. A zombie counts too: see `history/lease.ts`. */
export function isProcessAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
