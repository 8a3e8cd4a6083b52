import path from 'node:path';

import { digest, SAMPLE, tree } from '../support/files';
import { ACCOUNT, expect, test } from '../support/fixtures';
import { CREDENTIAL, POLICY, PROJECT, rightKeys } from '../support/prepare';
import { closedEndpoint } from '../support/s3';

test.use({ javaScriptEnabled: false });

test('the whole console without scripts', async ({ visitor, s3, folders }) => {
  test.setTimeout(120_000);
  const { page, setup, login, dashboard, credentials, projects, settings, policies, browse } = visitor;
  const right = rightKeys(s3);

  await test.step('first run', async () => {
    await page.goto('/');
    await setup.expectAddress(/\/setup$/);
    await setup.createAccount({ ...ACCOUNT, organization: 'a b', password: 'short' });
    await setup.form.expectErrorAt('Organization', /may contain only/);
    await setup.form.expectErrorAt('Password', /12 to 256/);
    await setup.form.expectValues({ 'Account Name': ACCOUNT.accountName, Email: ACCOUNT.email, Password: '' });
    await setup.createAccount(ACCOUNT);
    await dashboard.expectShown();
    await expect(dashboard.notice).toContainText('Your account is ready');
  });

  await test.step('sign out, sign in', async () => {
    await dashboard.signOut();
    await login.signIn(ACCOUNT.email, 'not the password');
    await expect(login.alert).toContainText('Email or password is wrong');
    await login.form.expectValues({ Email: ACCOUNT.email, Password: '' });
    await login.signIn(ACCOUNT.email, ACCOUNT.password);
    await dashboard.expectShown();
  });

  await test.step('credentials', async () => {
    await credentials.navigation('Backup Credentials').click();
    await expect(page.getByText('No backup credentials yet')).toBeVisible();
    const dialog = await credentials.openAddDialog();
    await credentials.send({ ...right, secretKey: 'not the secret' });
    await expect(dialog.alert).toContainText('Invalid S3 credentials');
    await dialog.expectErrorAt('S3 Secret Key', /Invalid S3 credentials/);
    await dialog.expectValues({ 'S3 Name': CREDENTIAL, 'S3 Endpoint': right.endpoint, 'S3 Secret Key': '' });
    await credentials.send({ ...right, endpoint: await closedEndpoint() });
    await dialog.expectErrorAt('S3 Endpoint', /does not accept connections/);
    await dialog.press('Cancel');
    await credentials.expectNoDialog();
    await credentials.openAddDialog();
    await credentials.send(right);
    await expect(credentials.notice).toContainText(`Backup credential ${CREDENTIAL} added`);
    await credentials.expectNoDialog();
    await credentials.search.fill('Main');
    await credentials.search.press('Enter');
    await credentials.button('Expand').click();
    await expect(page.locator('dl')).toContainText('us-east-1');
    await credentials.button('Lock Credential').click();
    await expect(credentials.row(CREDENTIAL)).toContainText('Locked');
    await credentials.expectAddress(/search=Main/);
    await credentials.button('Unlock Credential').click();
    await credentials.expectAddress(/search=Main/);
    await credentials.search.fill('nothing like this');
    await credentials.search.press('Enter');
    await expect(page.getByText('Nothing found')).toBeVisible();
  });

  const project = await test.step('a project with backup', async () => {
    await projects.navigation('Projects').click();
    const dialog = await projects.openAddDialog();
    await projects.send({ name: PROJECT, directory: folders.outside, backup: true });
    await dialog.expectErrorAt('Directory', /lies outside/);
    await dialog.expectValues({ 'Project Name': PROJECT, Directory: folders.outside });
    await expect(dialog.root.getByRole('switch', { name: 'Enable Backup' })).toBeChecked();
    await projects.send({ name: PROJECT, directory: folders.source, backup: true });
    await policies.expectChosen('Schedules');
    return /\/projects\/(\d+)/.exec(page.url())?.[1] ?? '';
  });

  await test.step('backup off and on', async () => {
    await settings.open(project);
    await settings.save(false);
    await settings.question.press('Disable Backup');
    await expect(settings.notice).toContainText(`Backup disabled for ${PROJECT}`);
    await expect(settings.enableBackup).not.toBeChecked();
    await settings.save(true);
    await expect(settings.notice).toContainText(`Backup enabled for ${PROJECT}`);
    // Nothing is scheduled yet.
    await settings.expectAddress(/\/policies\?tab=schedules&dialog=add$/);
    await settings.open(project);
    await expect(settings.enableBackup).toBeChecked();
  });

  const backup = await test.step('a policy, edited, paused, resumed, run now', async () => {
    await policies.open(project, 'Schedules');
    const dialog = await policies.openAddDialog();
    await expect(dialog.root.getByRole('img', { name: /next 90 days/ })).toBeVisible();
    await policies.send({ name: POLICY, period: 'Custom', expression: '0 0 30 2 *' });
    await dialog.expectErrorAt('Cron Expression', /never fires/);
    await dialog.fill({ 'Cron Expression': '', Hours: 'noon' });
    await policies.send({ name: POLICY, period: 'Custom' });
    await dialog.expectErrorAt('Hours', /not understood/);
    await dialog.fill({ Minutes: '30', Hours: '2', Weekdays: 'Sunday' });
    await policies.send({ name: POLICY, period: 'Custom' });
    await expect(policies.row(POLICY)).toContainText('Every Sunday at 02:30');
    await expect(policies.row(POLICY)).toContainText('Enabled');
    await policies.act(policies.row(POLICY), 'Edit');
    const edit = policies.dialog('Edit Policy');
    await edit.fill({ 'Retention Period': 'for ever' });
    await edit.press('Save');
    await edit.expectErrorAt('Retention Period', /must be a duration/);
    await edit.expectValues({ Name: POLICY, 'Retention Period': 'for ever' });
    await edit.fill({ 'Retention Period': '60d' });
    await edit.press('Save');
    await expect(policies.notice).toContainText(`Policy ${POLICY} updated`);
    await policies.act(policies.row(POLICY), 'Pause');
    await expect(policies.row(POLICY)).toContainText('Paused');
    await policies.act(policies.row(POLICY), 'Resume');
    await expect(policies.row(POLICY)).toContainText('Enabled');
    const backup = await policies.runNow(POLICY);
    await policies.expectPhase(backup, 'Completed');
    return backup;
  });

  await test.step('browse and download', async () => {
    await policies.act(policies.row(backup), 'Browse');
    await browse.expectShown(backup);
    await browse.enter('pictures');
    await browse.enter('2026');
    const photo = await browse.download('harbour.bin');
    expect(await digest(await photo.path())).toBe(await digest(path.join(folders.source, SAMPLE.photo)));
  });

  await test.step('restore', async () => {
    const target = path.join(folders.root, 'restored');
    await policies.open(project, 'Backups');
    await policies.restore(backup, { name: 'everything', directory: target });
    expect(await tree(target)).toEqual(await tree(folders.source));
  });

  await test.step('delete, sign out', async () => {
    await policies.choose('Schedules');
    await policies.delete(policies.row(POLICY), 'Delete Policy');
    await expect(policies.notice).toContainText(`Policy ${POLICY} deleted`);
    await policies.signOut();
  });
});

test('every page arrives complete', async ({ partner, s3, folders }) => {
  const { credentials, projects } = partner;
  await credentials.open();
  await credentials.add(rightKeys(s3));
  await projects.open();
  const project = await projects.add({ name: PROJECT, directory: folders.source, backup: true });
  for (const [address, text] of [
    ['/', PROJECT],
    ['/backup-credentials', CREDENTIAL],
    ['/projects', PROJECT],
    [`/projects/${project}`, folders.source],
    [`/projects/${project}/settings`, 'holdfast-acme-web-shop-'],
    [`/projects/${project}/policies?tab=backups`, 'No backups yet'],
  ] as const) {
    const html = await (await partner.page.request.get(address)).text();
    expect(html, address).toContain(text);
    expect(html, address).not.toContain('Loading…');
  }
});
