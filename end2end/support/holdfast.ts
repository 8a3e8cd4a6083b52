import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';

import { expect } from '@playwright/test';

import { HOLDFAST_PROGRAM, SITE } from './built';
import { inherited, Program } from './program';

export type Role = 'User' | 'Manager' | 'Partner';

/** The real server on a free port, with a data folder of its own. */
export class Holdfast {
  private constructor(
    private readonly program: Program,
    private readonly settings: Record<string, string>,
    readonly url: string,
  ) {}

  /** `more` are settings beside those that every test needs. */
  static async start(folder: string, sourceRoots: string, more: Record<string, string>): Promise<Holdfast> {
    const settings = {
      HOLDFAST_LISTEN: '127.0.0.1:0',
      HOLDFAST_DATA_DIR: path.join(folder, 'data'),
      HOLDFAST_SOURCE_ROOTS: sourceRoots,
      HOLDFAST_S3_ALLOW_NETWORKS: '127.0.0.0/8',
      // What is deleted goes at once, except where a story is about the delay.
      HOLDFAST_DELETION_DELAY: '0',
      // Stories that stop the S3 server want to see the run fail.
      HOLDFAST_S3_OUTAGE_LIMIT: '0',
      HOLDFAST_POSTGRES_ALLOW_NETWORKS: '127.0.0.0/8',
      HOLDFAST_NOTIFY_ALLOW_NETWORKS: '127.0.0.0/8',
      LEPTOS_SITE_ROOT: SITE,
      ...more,
    };
    const program = Program.start(HOLDFAST_PROGRAM, ['serve'], settings);
    const [, url = ''] = await program.prints(/listens on (http:\S+)/);
    await expect.poll(async () => (await fetch(`${url}/readyz`)).status).toBe(200);
    return new Holdfast(program, settings, url);
  }

  get log(): string {
    return this.program.log;
  }

  /** Adds a person from the command line, as an operator would. */
  async addUser(email: string, organization: string, role: Role, password: string): Promise<void> {
    const words = ['user', 'add', email, '--organization', organization, '--role', role];
    const added = promisify(execFile)(HOLDFAST_PROGRAM, words, { env: { ...inherited(), ...this.settings } });
    added.child.stdin?.end(`${password}\n`);
    await added;
  }

  async stop(): Promise<void> {
    await this.program.stop();
  }
}
