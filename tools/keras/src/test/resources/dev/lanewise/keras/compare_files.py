"""Compares Keras files with h5py: originals of real Keras with the exports of what was read from them.

Standard input has a line for each pair: original, TAB, export. A line is printed for each difference; none means that
the files say the same: groups, attributes, datasets with their types, shapes and bytes, the members of archives, and
the configuration in its meaning.

Differences that are meant, and not printed:

  1. who wrote the file: keras_version, backend, date_saved
  2. the number of steps is a 64-bit integer (TensorFlow's back end; torch writes 32 bits)
  3. memory addresses and modules: shared_object_id, module and registered_name of optimizers, and of all objects in .h5
  4. in .h5 the configuration has the form of Keras 2.4: batch_input_shape, lists of calls, dtype as a name, alpha of
     LeakyReLU; no settings that Keras 3 alone has where they change nothing (data_format of ZeroPadding1D among them,
     and what optimizers have in some versions alone), no build_config, no seed of recurrent layers, cells and
     attention; the initializer orthogonal by the name that all versions know
  5. calls without the arguments mask and training, which are None or what the layer does anyway
  6. weights of other types are float32, and so is the dtype that the configuration names
  7. in .h5 arithmetic on tensors is written as layers where there are such: the .h5 files compared are those without it
  8. what older versions do not write: names of variables' groups, ragged of inputs, an empty compile_config; and names
     of what an optimizer remembers before Keras 3.3, where the order is the same
  9. full names of losses and metrics in .h5, since Keras 3 does not read the short ones there; an optimizer in full
 10. numbers that Keras gives to the objects within attention
 11. the last bits of numbers that follow from others, as Nadam's product of momenta
 12. texts have variable length, also lists of names that are too long for one attribute
 13. texts in ASCII alone are said to be ASCII, also versions and names, which Keras says to be UTF-8: h5py of any age
     and Keras of any age read them so
"""
import io
import json
import re
import sys
import zipfile

import h5py
import numpy as np

OF_KERAS_3 = {'quantization_config': None, 'optional': False, 'use_gate': False, 'sliding_window': None,
              'flash_attention': None, 'synchronized': False, 'renorm': False, 'renorm_clipping': None,
              'renorm_momentum': 0.99, 'rms_scaling': False, 'lora_rank': None, 'lora_alpha': None,
              'use_cudnn': 'auto', 'input_axes': None, 'output_axes': None, 'pad_to_aspect_ratio': False,
              'antialias': False, 'loss_scale_factor': None, 'gradient_accumulation_steps': None}
OF_OPTIMIZERS = {'weight_decay': None, 'clipnorm': None, 'clipvalue': None, 'global_clipnorm': None, 'use_ema': False,
                 'ema_momentum': 0.99, 'ema_overwrite_frequency': None}
OF_A_MODEL = ('dtype', 'build_input_shape', 'trainable')
FULL = {'mse': 'mean_squared_error', 'mae': 'mean_absolute_error', 'mape': 'mean_absolute_percentage_error',
        'msle': 'mean_squared_logarithmic_error', 'bce': 'binary_crossentropy', 'kld': 'kl_divergence', 'acc': 'accuracy'}
WRITER = ('keras_version', 'backend')


def tensor(json_value):
    """A reference to a tensor in either form, or None."""
    if isinstance(json_value, dict) and json_value.get('class_name') == '__keras_tensor__':
        return json_value['config']['keras_history']
    if isinstance(json_value, list) and len(json_value) in (3, 4) and isinstance(json_value[0], str):
        return json_value[:3]
    return None


def references(json_value):
    found = tensor(json_value)
    if found is not None:
        return [tuple(found)]
    if isinstance(json_value, list):
        return [ref for element in json_value for ref in references(element)]
    if isinstance(json_value, dict):
        return [ref for key in json_value for ref in references(json_value[key])]
    return []


def call(node):
    """What a call takes, in either form, and the settings that it has."""
    settings = {}

    def note(keywords):
        for key, value in keywords.items():
            if key not in ('mask', 'training') and value not in (None, False) and not references(value):
                settings[key] = value

    if isinstance(node, dict):
        note(node['kwargs'])
        constants = [argument for argument in node['args'] if not references(argument)]
        return {'tensors': references([node['args'], node['kwargs']]), 'settings': settings, 'constants': constants}
    for element in node:
        if len(element) > 3:
            note(element[3])
    return {'tensors': references(node), 'settings': settings, 'constants': []}


def plain(value, legacy, key=''):
    """A part of a configuration without what may differ."""
    if isinstance(value, list):
        if key in ('input_layers', 'output_layers') and legacy:
            return references(value)
        return [plain(element, legacy, key) for element in value]
    if isinstance(value, float) or (isinstance(value, int) and not isinstance(value, bool)):
        return float(np.float32(value))
    if legacy and key in ('loss', 'metrics') and isinstance(value, str):
        return FULL.get(value, value)
    if not isinstance(value, dict):
        return value
    if value.get('class_name') == 'DTypePolicy':
        return 'float32'
    config = {}
    for name, inner in value.items():
        if name == 'shared_object_id' or (name == 'ragged' and inner is False) or (name == 'compile_config' and not inner) or (legacy and name in ('module', 'registered_name', 'build_config')):
            continue
        if legacy and name in OF_KERAS_3 and inner == OF_KERAS_3[name]:
            continue
        if name == 'batch_input_shape':
            name = 'batch_shape'
        if name == 'dtype':
            inner = 'float32' if key == 'config' and isinstance(inner, (str, dict)) else inner
        if name == 'inbound_nodes':
            config[name] = [call(node) for node in inner]
        elif name == 'optimizer' and isinstance(inner, str):
            config[name] = {'class_name': inner.lower(), 'config': None}
        elif name == 'optimizer' and isinstance(inner, dict):
            config[name] = {part: plain(inner[part], legacy, part) for part in ('class_name', 'config')}
        else:
            config[name] = plain(inner, legacy, name)
    kind = config.get('class_name')
    settings = config.get('config')
    if legacy and isinstance(settings, dict):
        if kind in ('Sequential', 'Functional'):
            for name in OF_A_MODEL:
                if name != 'trainable' or settings.get(name) is True:
                    settings.pop(name, None)
        if key == 'optimizer_config':
            for name in [name for name in settings if name in OF_OPTIMIZERS
                         and settings[name] == (np.float32(0.99) if name == 'ema_momentum' else OF_OPTIMIZERS[name])]:
                settings.pop(name)
        if kind == 'ZeroPadding1D':
            settings.pop('data_format', None)
        if str(kind).endswith('Cell'):
            settings.pop('seed', None)
        if str(kind).startswith('Orthogonal'):
            config['class_name'] = 'orthogonal'
        if kind == 'LeakyReLU' and 'alpha' in settings:
            settings['negative_slope'] = settings.pop('alpha')
        if 'recurrent_initializer' in settings or str(kind).endswith('Attention'):
            settings.pop('seed', None)
        for name in [name for name, inner in settings.items() if inner is None]:
            settings.pop(name)
    return config


def differences(a, b, at, found):
    if isinstance(a, dict) and isinstance(b, dict):
        for key in sorted(set(a) | set(b)):
            if key not in a:
                found.append('%s/%s: only in the export: %s' % (at, key, json.dumps(b[key])[:100]))
            elif key not in b:
                found.append('%s/%s: missing in the export: %s' % (at, key, json.dumps(a[key])[:100]))
            else:
                differences(a[key], b[key], '%s/%s' % (at, key), found)
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for i, (x, y) in enumerate(zip(a, b)):
            name = x['config'].get('name', i) if isinstance(x, dict) and isinstance(x.get('config'), dict) else i
            differences(x, y, '%s/%s' % (at, name), found)
    elif at.endswith('optimizer/config') and a is None:
        pass  # an optimizer by its name alone, which is written in full
    elif at.endswith('optimizer/class_name') and str(a).lower() == str(b).lower():
        pass
    elif a != b:
        found.append('%s: %s, in the export %s' % (at, json.dumps(a)[:150], json.dumps(b)[:150]))


def texts(value):
    """An attribute's kind and values."""
    if isinstance(value, (bytes, str)):
        return ['text', value.decode() if isinstance(value, bytes) else value]
    array = np.asarray(value)
    if array.dtype.kind in 'OSU':
        return ['texts'] + [v.decode() if isinstance(v, bytes) else str(v) for v in array.ravel()]
    return [str(array.dtype)] + array.ravel().tolist()


def kind(item, name):
    """How an attribute is stored: length and characters of texts, or the type of numbers, and its rank."""
    attribute = item.attrs.get_id(name)
    stored = attribute.get_type()
    if not isinstance(stored, h5py.h5t.TypeStringID):
        return '%s of rank %d' % (attribute.dtype, len(attribute.shape))
    texts_are = 'UTF-8' if stored.get_cset() == h5py.h5t.CSET_UTF8 else 'ASCII'
    length = 'variable' if stored.is_variable_str() else 'fixed'
    return '%s texts of %s length, rank %d' % (texts_are, length, len(attribute.shape))


def kinds(x, y, name, at, found):
    a, b = kind(x, name), kind(y, name)
    ascii_alone = all(ord(c) < 128 for text in texts(y.attrs[name])[1:] for c in str(text))
    if ascii_alone:
        a, b = a.replace('UTF-8', 'ASCII'), b.replace('UTF-8', 'ASCII')
    # Split lists of Keras, and what other tools packed anew.
    a = a.replace('fixed', 'variable')
    if a != b:
        found.append('%s@%s: %s, in the export %s' % (at, name, a, b))


def objects(file):
    """All groups and datasets by path."""
    all_objects = {'/': file}
    file.visititems(lambda name, item: all_objects.__setitem__('/' + name, item))
    return all_objects


def old_names(a, b, left, right, found):
    """Leaves out what an optimizer remembers where it has the names of Keras before 3.3, and compares it by order."""
    if 'optimizer_weights' not in a or 'optimizer_weights' not in b:
        return
    x, y = a['optimizer_weights'], b['optimizer_weights']
    names = [texts(group.attrs['weight_names'])[1:] for group in (x, y)]
    if any('/' in name for name in names[0]):
        return
    if [x[name][()].tobytes() for name in names[0][1:]] != [y[name][()].tobytes() for name in names[1][1:]]:
        found.append('optimizer_weights: other values')
    for part in (left, right):
        for path in [path for path in part if path.startswith('/optimizer_weights')]:
            del part[path]


def compare_hdf5(a, b, found):
    left, right = objects(a), objects(b)
    old_names(a, b, left, right, found)
    for path in sorted(set(left) | set(right)):
        if path not in right:
            found.append('%s: missing in the export' % path)
            continue
        if path not in left:
            found.append('%s: only in the export' % path)
            continue
        x, y = left[path], right[path]
        for name in sorted(set(x.attrs) | set(y.attrs)):
            if name in x.attrs and name in y.attrs:
                kinds(x, y, name, path, found)
            if name in WRITER or name in ('model_config', 'training_config'):
                if (name in x.attrs) != (name in y.attrs):
                    found.append('%s: attribute %s is in one file alone' % (path, name))
                continue
            if name == 'name' and (name not in x.attrs or re.search('/_(softmax|dropout_layer)/', path)):
                continue
            differences(texts(x.attrs[name]) if name in x.attrs else None,
                        texts(y.attrs[name]) if name in y.attrs else None, '%s@%s' % (path, name), found)
        if isinstance(x, h5py.Dataset) != isinstance(y, h5py.Dataset):
            found.append('%s: a group in one file, a dataset in the other' % path)
        elif isinstance(x, h5py.Dataset):
            counts = x.dtype.kind in 'iu' and y.dtype in (x.dtype, np.int64) and x.shape == ()
            floats = x.dtype.kind == 'f' and y.dtype == np.dtype('<f4')
            if not (counts or floats) or x.shape != y.shape:
                found.append('%s: %s %s, in the export %s %s' % (path, x.dtype, x.shape, y.dtype, y.shape))
            elif floats and x.shape == () and np.isclose(x[()], y[()], rtol=1e-6):
                pass
            elif x[()].astype(y.dtype).tobytes() != y[()].tobytes():
                found.append('%s: other values' % path)


def text_of(value):
    return value.decode() if isinstance(value, bytes) else value


def compare(original, export):
    found = []
    if zipfile.is_zipfile(original):
        a, b = zipfile.ZipFile(original), zipfile.ZipFile(export)
        differences(sorted(n for n in a.namelist() if not n.endswith('/')), sorted(b.namelist()), 'members', found)
        differences(sorted(json.loads(a.read('metadata.json'))), sorted(json.loads(b.read('metadata.json'))),
                    'metadata', found)
        differences(plain(json.loads(a.read('config.json')), False), plain(json.loads(b.read('config.json')), False),
                    'config', found)
        compare_hdf5(h5py.File(io.BytesIO(a.read('model.weights.h5')), 'r'),
                     h5py.File(io.BytesIO(b.read('model.weights.h5')), 'r'), found)
        return found
    with h5py.File(original, 'r') as a, h5py.File(export, 'r') as b:
        compare_hdf5(a, b, found)
        for name in ('model_config', 'training_config'):
            if name in a.attrs and name in b.attrs:
                x, y = json.loads(text_of(a.attrs[name])), json.loads(text_of(b.attrs[name]))
                y.pop('sample_weight_mode', None)
                differences(plain(x, True), plain(y, True), name, found)
    return found


for line in sys.stdin:
    pair = line.rstrip('\n').split('\t')
    for difference in compare(*pair):
        print('%s\t%s' % (pair[0], difference))
print('compared')
