import { expect, type Locator } from '@playwright/test';

import { Authenticator } from '../authenticator';
import { ConsolePage } from './console-page';
import { Form } from './form';

/** The second factor of the person, and where its code is asked for. */
export class SecondFactorPage extends ConsolePage {
  get form(): Form {
    return new Form(this.page.getByRole('main'));
  }

  get codes(): Locator {
    return this.page.getByRole('list', { name: 'Recovery codes' }).getByRole('listitem');
  }

  async open(query = ''): Promise<void> {
    await this.visit(`/profile/second-factor${query}`);
    await expect(this.heading('Second Factor')).toBeVisible();
  }

  /** Shows secret and recovery codes, and answers the app that has the secret. */
  async begin(password: string): Promise<Authenticator> {
    await this.form.fill({ Password: password });
    await this.form.press('Set Up');
    await expect(this.page.getByRole('img', { name: 'QR code of the secret' })).toBeVisible();
    await this.ready();
    return new Authenticator(await this.page.getByLabel('Secret', { exact: true }).innerText());
  }

  async confirm(code: string): Promise<void> {
    await this.form.fill({ Code: code });
    await this.form.press('Turn On');
  }

  /** The second step of sign-in. */
  async enter(code: string): Promise<void> {
    await this.expectAddress(/\/login\/code$/);
    await this.form.fill({ Code: code });
    await this.form.press('Sign In');
  }
}
