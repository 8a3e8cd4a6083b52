import { writeFile } from 'node:fs/promises';
import path from 'node:path';

import { OPENID_PROGRAM } from './built';
import { Program } from './program';

/** An OpenID provider that knows one person. */
export class OpenIdProvider {
  private constructor(
    private readonly program: Program,
    readonly issuer: string,
  ) {}

  static async start(email: string, groups: string[]): Promise<OpenIdProvider> {
    const program = Program.start(OPENID_PROGRAM, [email, ...groups], {});
    const [issuer] = await program.prints(/http:\S+/);
    return new OpenIdProvider(program, issuer);
  }

  /** What the operator sets, with a folder for the secret. */
  async settings(home: string, name: string, roles: string): Promise<Record<string, string>> {
    const secret = path.join(home, 'client-secret');
    await writeFile(secret, 'a secret of client & provider\n');
    return {
      HOLDFAST_OIDC_ISSUER: this.issuer,
      HOLDFAST_OIDC_CLIENT_ID: 'holdfast-tests',
      HOLDFAST_OIDC_CLIENT_SECRET_FILE: secret,
      HOLDFAST_OIDC_NAME: name,
      HOLDFAST_OIDC_ROLES: roles,
      HOLDFAST_OIDC_ALLOW_NETWORKS: '127.0.0.0/8',
    };
  }

  async stop(): Promise<void> {
    await this.program.stop();
  }
}
