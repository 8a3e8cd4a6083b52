import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';

import { barriers } from '../support/accessibility';
import { expect, test } from '../support/fixtures';
import { addBackup } from '../support/prepare';

/** The largest pack that the S3 server stores. */
async function largestPack(home: string): Promise<string> {
  const files = await readdir(path.join(home, 's3'), { recursive: true, withFileTypes: true });
  const packs = files.filter((file) => file.isFile() && /\/data\/[0-9a-f]{2}$/.test(file.parentPath));
  const sized = packs.map(async (file) => {
    const name = path.join(file.parentPath, file.name);
    return { name, size: (await stat(name)).size };
  });
  const [largest] = (await Promise.all(sized)).sort((one, other) => other.size - one.size);
  if (!largest) throw new Error('nothing is stored');
  return largest.name;
}

for (const scripts of [true, false]) {
  test.describe(scripts ? 'with scripts' : 'without scripts', () => {
    test.use({ javaScriptEnabled: scripts });

    test('damage is found and repaired', async ({ partner, s3, folders, home }, testInfo) => {
      test.setTimeout(180_000);
      const { page, project: overview, repository, policies } = partner;
      const { project, backup } = await addBackup(partner, s3, folders);
      await repository.open(project);
      await repository.expectHealth('Not verified yet');

      await test.step('a sound one is verified', async () => {
        await repository.button('Verify Now').click();
        await expect(repository.notice).toContainText('Verification queued');
        await repository.expectPhase('Verification of a part', 'Sound.');
        await repository.expectHealth('Healthy');
      });

      await test.step('a missing file is named', async () => {
        await rm(await largestPack(home));
        await page.getByRole('checkbox', { name: 'Read all data' }).check();
        await repository.button('Verify Now').click();
        await repository.expectPhase('Verification of all data', 'damaged file');
        await repository.expectHealth('Damaged');
        await expect(repository.damage).toContainText('is missing');
        await expect(repository.damage).toContainText(backup);
        if (scripts) expect(await barriers(page)).toEqual([]);
        await page.screenshot({ path: path.join(testInfo.project.outputDir, 'pages', 'repository-damaged.png'), fullPage: true });
        await policies.open(project, 'Backups');
        await expect(policies.notes(policies.row(backup))).toContainText('cannot be restored whole');
        await overview.open(project, 'web-shop');
        await expect(page.getByRole('main')).toContainText('Damaged');
      });

      await test.step('a repair mends it', async () => {
        await repository.open(project);
        await repository.link('Repair').click();
        const question = repository.dialog('Repair Repository');
        await expect(question.root).toBeVisible();
        await question.press('Repair');
        await repository.expectNoDialog();
        await repository.expectPhase('Repair', 'Completed');
        await repository.expectHealth('Healthy');
        await expect(repository.damage).toHaveCount(0);
      });

      await test.step('what is not needed is cleaned up', async () => {
        await repository.button('Clean Up Now').click();
        await repository.expectPhase('Clean-up', 'Completed');
      });
    });
  });
}
