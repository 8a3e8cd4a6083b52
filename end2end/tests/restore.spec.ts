import { chmod, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { SAMPLE, tree } from '../support/files';
import { expect, test } from '../support/fixtures';
import { addBackup } from '../support/prepare';

test('chosen paths to another directory', async ({ partner, s3, folders }) => {
  const { policies, browse } = partner;
  const { project, backup } = await addBackup(partner, s3, folders);
  const target = path.join(folders.root, 'chosen');
  await policies.open(project, 'Backups');
  await policies.act(policies.row(backup), 'Browse');
  await browse.expectShown(backup);
  await browse.action('pictures', 'Restore').click();
  const dialog = policies.restoreDialog;
  await expect(dialog.field('Paths')).toHaveValue('pictures');
  await expect(dialog.field('Restore Name')).toHaveValue(`restore-${backup}`);

  await policies.sendRestore({ name: 'Chosen', directory: folders.outside });
  await dialog.expectErrorAt('Restore Name', /lower-case/);
  await policies.sendRestore({ name: 'chosen', directory: folders.outside });
  await dialog.expectErrorAt('Target Directory', /lies outside/);
  await policies.sendRestore({ name: 'chosen', directory: 'chosen' });
  await dialog.expectErrorAt('Target Directory', /absolute path/);
  await policies.sendRestore({ name: 'chosen', paths: `pictures\n/${SAMPLE.notes}`, directory: target });
  await policies.expectChosen('Restores');
  await policies.expectPhase('chosen', 'Completed');

  const restored = await tree(target);
  const source = await tree(folders.source);
  expect(Object.keys(restored).sort()).toEqual([SAMPLE.notes, 'pictures', 'pictures/2026', SAMPLE.photo].sort());
  expect(source).toMatchObject(restored);

  await policies.act(policies.row('chosen'), 'Show Description');
  await expect(policies.dialog('Restore').root).toContainText(target);
  await policies.dialog('Restore').press('Done');
  await policies.delete(policies.row('chosen'), 'Delete Restore');
  await expect(policies.page.getByText('No restores yet')).toBeVisible();
  expect(await readdir(target)).not.toEqual([]);
});

test('what is there is skipped, overwritten, or kept', async ({ partner, s3, folders }) => {
  const { policies } = partner;
  const { project, backup } = await addBackup(partner, s3, folders);
  const target = path.join(folders.root, 'conflicts');
  const notes = path.join(target, SAMPLE.notes);
  await mkdir(target);
  await writeFile(notes, 'Mine.\n');

  for (const [name, onConflict, expected] of [
    ['first', 'Skip', 'Mine.\n'],
    ['second', 'Keep both', 'Mine.\n'],
    ['third', 'Overwrite', 'Remember the milk.\n'],
  ] as const) {
    await policies.open(project, 'Backups');
    await policies.restore(backup, { name, paths: SAMPLE.notes, directory: target, onConflict });
    expect(await readFile(notes, 'utf8'), onConflict).toBe(expected);
  }
  expect((await readdir(target)).sort()).toEqual(['notes (restored).txt', SAMPLE.notes]);
});

test('to where it came from', async ({ partner, s3, folders }) => {
  const { policies } = partner;
  const { project, backup } = await addBackup(partner, s3, folders);
  const before = await tree(folders.source);
  await writeFile(path.join(folders.source, SAMPLE.notes), 'Spoiled.\n');
  await chmod(path.join(folders.source, SAMPLE.photo), 0o600);

  await policies.open(project, 'Backups');
  await policies.act(policies.row(backup), 'Restore');
  const dialog = policies.restoreDialog;
  await dialog.fill({ 'Restore Name': 'back', Target: 'Original location', 'On Conflict': 'Overwrite' });
  await dialog.fill({ 'Type the name to confirm': 'web-shop' });
  await expect(dialog.field('Target Directory')).toBeHidden();
  await dialog.press('Restore');
  await policies.expectPhase('back', 'Completed');
  expect(await tree(folders.source)).toEqual(before);
});
