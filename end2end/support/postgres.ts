import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { POSTGRES_PROGRAM } from './built';
import { Program } from './program';

/** A PostgreSQL server with one database, on loopback. */
export class Postgres {
  private constructor(
    private readonly program: Program,
    /** The connection URL, as a person would type it. */
    readonly url: string,
  ) {}

  static async start(statements: string): Promise<Postgres> {
    const program = Program.start(POSTGRES_PROGRAM, [statements], {});
    const [url] = await program.prints(/postgresql:\S+/);
    return new Postgres(program, url);
  }

  get database(): string {
    return new URL(this.url).pathname.slice(1);
  }

  get password(): string {
    return decodeURIComponent(new URL(this.url).password);
  }

  /** What a query finds in a database of the server. */
  async query(statement: string, database = this.database): Promise<string> {
    const url = new URL(this.url);
    url.pathname = `/${database}`;
    const words = ['--no-psqlrc', '--tuples-only', '--no-align', `--command=${statement}`, url.href];
    return (await promisify(execFile)('psql', words)).stdout.trim();
  }

  async stop(): Promise<void> {
    await this.program.stop();
  }
}
