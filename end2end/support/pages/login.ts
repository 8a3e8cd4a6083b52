import { ConsolePage } from './console-page';
import { Form } from './form';

export class LoginPage extends ConsolePage {
  get form(): Form {
    return new Form(this.page.getByRole('main'));
  }

  async open(): Promise<void> {
    await this.visit('/login');
  }

  async signIn(email: string, password: string): Promise<void> {
    await this.form.fill({ Email: email, Password: password });
    await this.form.press('Sign In');
  }
}
