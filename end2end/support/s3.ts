import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { S3_PROGRAM } from './built';
import { Program } from './program';

export interface Keys {
  accessKeyId: string;
  secretKey: string;
}

/** An S3 server that checks signatures. Its buckets outlive a stop. */
export class S3Server {
  private constructor(
    private program: Program,
    private readonly folder: string,
    readonly endpoint: string,
    public keys: Keys,
  ) {}

  static async start(folder: string, keys: Keys): Promise<S3Server> {
    const program = launch(folder, '127.0.0.1:0', keys);
    const [endpoint] = await program.prints(/http:\S+/);
    return new S3Server(program, folder, endpoint, keys);
  }

  get log(): string {
    return this.program.log;
  }

  async stop(): Promise<void> {
    await this.program.stop();
  }

  /** Stops, and starts again at the same address, with these keys and no others. */
  async startAgain(keys: Keys = this.keys): Promise<void> {
    await this.program.stop();
    this.program = launch(this.folder, new URL(this.endpoint).host, keys);
    await this.program.prints(/http:\S+/);
    this.keys = keys;
  }
}

function launch(folder: string, address: string, { accessKeyId, secretKey }: Keys): Program {
  return Program.start(S3_PROGRAM, [folder, address], { ACCESS_KEY_ID: accessKeyId, SECRET_KEY: secretKey });
}

/** The endpoint of something that answers every request alike, for as long as `use` runs. */
export async function answering(
  status: number,
  body: string,
  use: (endpoint: string) => Promise<void>,
): Promise<void> {
  const server = createServer((_, response) => {
    response.writeHead(status, { 'content-type': 'application/xml' }).end(body);
  });
  const endpoint = await listen(server);
  try {
    await use(endpoint);
  } finally {
    await close(server);
  }
}

/** An address at which nothing listens. */
export async function closedEndpoint(): Promise<string> {
  const server = createServer();
  const endpoint = await listen(server);
  await close(server);
  return endpoint;
}

export async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

export async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}
