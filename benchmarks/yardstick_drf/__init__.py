"""The plain yardstick: Django REST framework as its tutorial has it, same tables.

ModelSerializer, ModelViewSet, the router, simplejwt's own authentication, the settings
of `startproject`. It reads and writes through the service's models, and is not made
slow on purpose: related tasks are joined and connections are kept.
"""
