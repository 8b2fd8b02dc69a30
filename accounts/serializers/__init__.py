"""The shapes of what clients send and read about accounts, by noun as the views are.

Serializers and the fields that they share. They import the models; views, the caller
query and apps above import them from here.
"""

from accounts.serializers.consents import ConsentSerializer, PreferencesSerializer
from accounts.serializers.devices import SignInSerializer
from accounts.serializers.email_changes import CodeSerializer, NewEmailSerializer
from accounts.serializers.export import (
    EmailChangeSerializer,
    ExportedProfileSerializer,
    ExportedSignInSerializer,
    FailedSignInSerializer,
)
from accounts.serializers.fields import EmailField, PictureField, check_new_password
from accounts.serializers.password_resets import (
    ForgottenPasswordSerializer,
    NewPasswordSerializer,
)
from accounts.serializers.profile import ProfileSerializer, SettingsSerializer
from accounts.serializers.sign_in import (
    CredentialsSerializer,
    GuestSerializer,
    RegistrationSerializer,
    SignInResponseSerializer,
)

__all__ = [
    "CodeSerializer",
    "ConsentSerializer",
    "CredentialsSerializer",
    "EmailChangeSerializer",
    "EmailField",
    "ExportedProfileSerializer",
    "ExportedSignInSerializer",
    "FailedSignInSerializer",
    "ForgottenPasswordSerializer",
    "GuestSerializer",
    "NewEmailSerializer",
    "NewPasswordSerializer",
    "PictureField",
    "PreferencesSerializer",
    "ProfileSerializer",
    "RegistrationSerializer",
    "SettingsSerializer",
    "SignInResponseSerializer",
    "SignInSerializer",
    "check_new_password",
]
