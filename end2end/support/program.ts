import { spawn, type ChildProcess } from 'node:child_process';

/** How long a server may take to start, and to stop. */
const START_MS = 20_000;
const STOP_MS = 20_000;

/** A program that runs as long as a test needs it, with everything that it prints. */
export class Program {
  log = '';
  private readonly ended: Promise<void>;

  private constructor(
    private readonly name: string,
    private readonly child: ChildProcess,
  ) {
    const note = (chunk: Buffer) => {
      this.log += chunk.toString();
    };
    child.stdout?.on('data', note);
    child.stderr?.on('data', note);
    this.ended = new Promise((resolve) => {
      child.once('error', (error) => {
        this.log += `${error}\n`;
        resolve();
      });
      child.once('close', () => resolve());
    });
  }

  /** Starts it with these variables and no others of ours, so that what a developer has set changes no test. */
  static start(command: string, args: string[], variables: Record<string, string>): Program {
    const child = spawn(command, args, {
      env: { ...inherited(), ...variables },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return new Program(command, child);
  }

  /** Waits until it has printed something that matches. */
  async prints(pattern: RegExp): Promise<RegExpExecArray> {
    const printed = new Promise<RegExpExecArray>((resolve) => {
      const look = () => {
        const found = pattern.exec(this.log);
        if (found) {
          this.child.stdout?.off('data', look);
          resolve(found);
        }
      };
      this.child.stdout?.on('data', look);
      look();
    });
    const found = await Promise.race([printed, this.ended, expired(START_MS)]);
    if (!found) throw new Error(`${this.name} did not print ${pattern}. It said:\n${this.log}`);
    return found;
  }

  /** Asks it to stop and waits until it has. */
  async stop(): Promise<void> {
    this.child.kill('SIGTERM');
    const stopped = await Promise.race([this.ended.then(() => true), expired(STOP_MS)]);
    if (!stopped) {
      this.child.kill('SIGKILL');
      throw new Error(`${this.name} did not stop within ${STOP_MS / 1000} seconds. It said:\n${this.log}`);
    }
  }
}

/** What programs need to run at all. A variable `HOLDFAST_…` would be a setting of the server. */
export function inherited(): Record<string, string> {
  const names = ['PATH', 'HOME', 'TMPDIR', 'LD_LIBRARY_PATH'];
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}

function expired(ms: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(() => resolve(undefined), ms).unref());
}
