import { writeFile } from 'node:fs/promises';

import { expect, test } from '../support/fixtures';
import { addBackedUpProject, POLICY } from '../support/prepare';

test('a run has a page with its log, and says what grew', async ({ partner, s3, folders }) => {
  test.setTimeout(120_000);
  const { policies, page } = partner;
  const project = await addBackedUpProject(partner, s3, folders);
  await policies.open(project, 'Schedules');
  await policies.add({ name: POLICY, period: 'Custom', expression: '0 0 29 2 *' });
  const first = await policies.runNow(POLICY);
  await policies.expectPhase(first, 'Completed');
  const log = page.getByRole('table', { name: 'Log' });

  await test.step('from the list by its name', async () => {
    await policies.link(first).click();
    await expect(policies.heading(first)).toBeVisible();
    await expect(log).toContainText('Started');
    await expect(log).toContainText(/\d+ files backed up, .* were new in the bucket/);
    await policies.link('Compare with the Backup Before').click();
    await expect(page.getByText('There is no earlier backup of this policy to compare with.')).toBeVisible();
  });

  await writeFile(`${folders.source}/grown.log`, Buffer.alloc(70_000));
  await policies.open(project, 'Schedules');
  const second = await policies.runNow(POLICY);
  await policies.expectPhase(second, 'Completed');

  await test.step('what grew', async () => {
    await policies.link(second).click();
    await expect(policies.heading(second)).toBeVisible();
    await policies.link('Compare with the Backup Before').click();
    await expect(page.getByText(`Since ${first}`)).toBeVisible();
    await expect(page.getByRole('listitem').filter({ hasText: 'grown.log' })).toContainText('68.4 KiB');
    await page.reload();
    await policies.ready();
    await expect(page.getByRole('listitem').filter({ hasText: 'grown.log' })).toBeVisible();
  });

  await test.step('into the backup', async () => {
    await policies.link('Browse').click();
    await expect(page.getByRole('link', { name: 'grown.log' })).toBeVisible();
  });
});

test('a run that fails says when it is tried again, and its page moves by itself', async ({ partner, s3, folders }) => {
  test.setTimeout(120_000);
  const { policies, page } = partner;
  const right = s3.keys;
  const project = await addBackedUpProject(partner, s3, folders);
  await policies.open(project, 'Schedules');
  await policies.add({ name: POLICY, period: 'Custom', expression: '0 0 29 2 *' });
  await s3.startAgain({ ...right, secretKey: 'keys that were changed' });
  const failed = await policies.runNow(POLICY);
  await policies.expectPhase(failed, 'Failed');
  await policies.link(failed).click();
  await expect(policies.heading(failed)).toBeVisible();
  await expect(page.getByText('Retrying', { exact: true })).toBeVisible();
  await expect(page.getByText(/Attempt 1 of 4 failed\. The next one is/)).toBeVisible();
  await expect(page.getByRole('table', { name: 'Log' })).toContainText('It is tried again in 1 min');

  await s3.startAgain(right);
  // Without a reload: after the minute until the next try.
  await expect(page.getByRole('table', { name: 'Log' })).toContainText('Started again, attempt 2', { timeout: 90_000 });
  await expect(page.getByRole('table', { name: 'Log' })).toContainText('files backed up', { timeout: 30_000 });
  await expect(page.getByText('Retrying', { exact: true })).toHaveCount(0);
});
