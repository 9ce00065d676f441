import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import type { Server } from "node:http";
import { createServer } from "node:net";
import { PipelineError } from "../../run/errors.ts";

/** Throws `port_in_use`, naming who has the port where the system tells, and one that is free. */
export async function listen(server: Server, host: string, port: number): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, host, () => {
        server.off("error", reject);
        resolve();
      });
    });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EADDRINUSE") throw await inUse(host, port, error);
    if (code === "EACCES") {
      throw new PipelineError(
        {
          code: "port_in_use",
          message: `Port ${port} may not be used by this user.`,
          data: "Nothing was started.",
          next: "Name one from 1024 on with --port.",
        },
        { cause: error },
      );
    }
    throw error;
  }
}

async function inUse(host: string, port: number, cause: unknown): Promise<PipelineError> {
  const holder = holderOf(port);
  const free = await firstFree(host, port + 1);
  return new PipelineError(
    {
      code: "port_in_use",
      message: `Port ${port} is in use${holder === null ? "" : ` by process ${holder.pid} (${holder.command})`}.`,
      data: "Nothing was started.",
      next: free === null ? "Name another one with --port." : `Take another one: --port ${free}`,
    },
    { cause },
  );
}

async function firstFree(host: string, from: number): Promise<number | null> {
  for (let port = from; port < Math.min(from + 50, 65_536); port++) {
    const probe = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      probe.once("error", () => resolve(false));
      probe.listen(port, host, () => resolve(true));
    });
    if (isFree) {
      await new Promise((resolve) => probe.close(resolve));
      return port;
    }
  }
  return null;
}

/** Whose listening socket has a port; null where the system does not tell, or it is another user's. */
function holderOf(port: number): { pid: number; command: string } | null {
  try {
    const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
    const sockets = ["/proc/net/tcp", "/proc/net/tcp6"]
      .flatMap((file) => readFileSync(file, "utf8").split("\n").slice(1))
      .map((line) => line.trim().split(/\s+/))
      // Columns of proc(5): local address, state (0A: listening), inode.
      .filter((columns) => columns[1]?.endsWith(suffix) && columns[3] === "0A")
      .map((columns) => `socket:[${columns[9]}]`);
    for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
      if (openFiles(pid).some((file) => sockets.includes(file))) {
        const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
        return { pid: Number(pid), command: command.length > 80 ? `${command.slice(0, 79)}…` : command };
      }
    }
  } catch {
    // No /proc here: the port is in use all the same.
  }
  return null;
}

function openFiles(pid: string): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`);
      } catch {
        return "";
      }
    });
  } catch {
    return []; // another user's, or gone
  }
}
