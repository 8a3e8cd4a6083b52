import { createHash, randomBytes } from 'node:crypto';
import { lstat, mkdir, readdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** The sample's files, by their paths. */
export const SAMPLE = {
  notes: 'notes.txt',
  empty: 'empty.dat',
  photo: 'pictures/2026/harbour.bin',
  odd: 'odd names/100% "sure" & <b>ž #1?.txt',
  deep: 'one/two/three/four/five.txt',
  link: 'latest',
} as const;

/** Writes a small directory with what backups trip over. */
export async function writeSample(folder: string): Promise<void> {
  const files: [string, string | Buffer][] = [
    [SAMPLE.notes, 'Remember the milk.\n'],
    [SAMPLE.empty, ''],
    [SAMPLE.photo, randomBytes(400_000)],
    [SAMPLE.odd, 'An odd name.\n'],
    [SAMPLE.deep, 'Deep down.\n'],
    ['odd names/-dash', 'Looks like an option.\n'],
    ['odd names/ends with a space ', 'Invisible.\n'],
    ['odd names/two\nlines', 'A line break.\n'],
    ['odd names/čaj a káva ☕.txt', 'Hot.\n'],
    ['.hidden/.settings', 'key = value\n'],
    ['zeros.bin', Buffer.alloc(200_000)],
  ];
  for (const [name, content] of files) {
    const file = path.join(folder, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, content);
  }
  await mkdir(path.join(folder, 'empty folder'));
  await symlink(SAMPLE.photo, path.join(folder, SAMPLE.link));
  await symlink('nowhere', path.join(folder, 'dangling'));
}

/** Everything below a folder: kind, mode, time and content of each path. */
export async function tree(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const name of await readdir(folder, { recursive: true })) {
    found[name] = await describe(path.join(folder, name));
  }
  return found;
}

async function describe(file: string): Promise<string> {
  const status = await lstat(file);
  const mode = (status.mode & 0o7777).toString(8);
  if (status.isSymbolicLink()) return `link to ${await readlink(file)}`;
  if (status.isDirectory()) return `folder, mode ${mode}`;
  return `file, mode ${mode}, ${status.size} bytes, ${status.mtime.toISOString()}, ${await digest(file)}`;
}

export async function digest(file: string): Promise<string> {
  return createHash('sha256').update(await readFile(file)).digest('hex');
}
