from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "deliberate.demo"
    label = "demo"
