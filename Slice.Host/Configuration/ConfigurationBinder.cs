using Slice.Core.Options;

namespace Slice.Host.Configuration;

/// <summary>
/// Puts the values of one file into the options, key by key after <see cref="OptionTable"/>. Not the YAML library's serializer: that one
/// needs reflection, stops at the first error and forgets where a value stood.
/// </summary>
internal sealed class ConfigurationBinder
{
    private readonly string _file;
    private readonly ConfigurationPlaces _places;
    private readonly List<ConfigurationError> _errors;
    private SliceOptions _options;

    private ConfigurationBinder(string file, SliceOptions options, ConfigurationPlaces places, List<ConfigurationError> errors) =>
        (_file, _options, _places, _errors) = (file, options, places, errors);

    /// <summary>Binds a document over the options that are there.</summary>
    /// <param name="file">The name for errors.</param>
    /// <param name="root">The document; null for an empty one, which changes nothing.</param>
    /// <param name="options">What holds where the document says nothing.</param>
    /// <param name="places">Gets the place of each value.</param>
    /// <param name="errors">Gets every error; a key in error keeps the value it had.</param>
    public static SliceOptions Bind(
        string file, ConfigurationNode? root, SliceOptions options, ConfigurationPlaces places, List<ConfigurationError> errors)
    {
        ConfigurationBinder binder = new(file, options, places, errors);
        if (root is ConfigurationSection section)
        {
            binder.BindSection("", section);
        }
        else if (root is not (null or ConfigurationScalar { IsNull: true }))
        {
            string problem = RootHint.Describe(root) ?? SpaceHint.OfSection(root) ?? Describe(root);
            binder.AddProblem(root, null, null, problem, "a file of keys and values, KEY: VALUE");
        }

        return binder._options;
    }

    private void BindSection(string sectionName, ConfigurationSection section)
    {
        Dictionary<string, int> lineByName = [];
        foreach (ConfigurationEntry entry in section.Entries)
        {
            string? name = (entry.Key as ConfigurationScalar)?.Text;
            if (name is null)
            {
                AddProblem(entry.Key, sectionName.Length == 0 ? null : sectionName, null, Describe(entry.Key), "a name as key");
            }
            else if (name == "<<")
            {
                AddProblem(
                    entry.Key, Qualify(sectionName, name), null, "a merge key, which YAML 1.2 does not have",
                    "an alias, KEY: *NAME, for a whole value; or a second file, which overrides the first key by key");
            }
            else if (!lineByName.TryAdd(name, entry.Key.Line))
            {
                AddProblem(
                    entry.Key, Qualify(sectionName, name), null, $"already set on line {lineByName[name]}", "each key once in a file");
            }
            else
            {
                BindEntry(sectionName, name, entry);
            }
        }
    }

    private void BindEntry(string sectionName, string name, ConfigurationEntry entry)
    {
        string qualified = Qualify(sectionName, name);
        bool isLocalName = !name.Contains('.', StringComparison.Ordinal);
        if (isLocalName && OptionTable.Sections.Contains(qualified))
        {
            BindNestedSection(qualified, entry.Value);
        }
        else if (isLocalName && OptionTable.Find(qualified) is OptionKey key)
        {
            BindKey(key, entry.Value);
        }
        else
        {
            AddProblem(entry.Key, qualified, null, $"unknown key{KeySuggestion.For(sectionName, name)}", null);
        }
    }

    private void BindNestedSection(string name, ConfigurationNode value)
    {
        if (value is ConfigurationSection section)
        {
            BindSection(name, section);
        }
        else if (value is not ConfigurationScalar { IsNull: true })
        {
            // Without the value: `purge: TOKEN` is a likely mistake.
            var keys = OptionTable.Keys.Where(key => key.Section == name).Select(static key => key.Name[(key.Section.Length + 1)..]);
            AddProblem(value, name, null, SpaceHint.OfSection(value) ?? Describe(value), $"a section of keys: {string.Join(", ", keys)}");
        }
    }

    // A key without a value says nothing, so an overlay cannot unset a key by accident.
    private void BindKey(OptionKey key, ConfigurationNode node)
    {
        if (node is ConfigurationScalar { IsNull: true })
        {
            _places.SetEmpty(key.Name, _file, node.Line, node.Column);
            return;
        }

        _places.Set(key.Name, _file, node.Line, node.Column);
        if (key.IsListOfTexts)
        {
            BindList(key, node);
        }
        else if (key.Kind == OptionKind.CacheRules)
        {
            BindRules(key, node);
        }
        else if (key.Kind == OptionKind.OriginAddresses)
        {
            BindAddresses(key, node);
        }
        else if (node is not ConfigurationScalar scalar)
        {
            AddWrongType(key, node, Describe(node) + AddressHint.OfList(node));
        }
        else if (ScalarValue.Parse(key, scalar, out object? value) is string problem)
        {
            AddWrongType(key, scalar, problem);
        }
        else
        {
            BindValue(key, scalar, value);
        }
    }

    private void BindValue(OptionKey key, ConfigurationScalar scalar, object? value)
    {
        bool isValid = true;
        foreach (OptionError error in key.Check(value))
        {
            isValid = false;
            AddError(scalar, key, error.Problem, error.Allowed);
            _places.SetFaulty(key.Name);
        }

        _options = isValid ? key.With(_options, value) : _options;
    }

    private void BindList(OptionKey key, ConfigurationNode node)
    {
        bool isServers = key.Kind == OptionKind.Servers;
        if (ItemsOf(node, isServers) is not { } items)
        {
            AddWrongType(key, node, SpaceHint.OfList(node) ?? Describe(node));
            return;
        }

        List<string> entries = [];
        foreach (ConfigurationNode item in items)
        {
            string? problem = item is ConfigurationScalar { IsNull: false } scalar ? CheckItem(key, scalar) : Describe(item);
            if (problem is not null)
            {
                AddError(item, key, isServers ? problem + AddressHint.OfList(items.Count == 1 ? node : item) : problem, key.ItemSyntax);
                _places.SetFaulty(key.Name);
            }
            else
            {
                entries.Add(((ConfigurationScalar)item).Text);
            }
        }

        if (entries.Count == items.Count)
        {
            BindTogether(key, node, entries);
        }
    }

    // Of addresses one stands for a list of one.
    private static IReadOnlyList<ConfigurationNode>? ItemsOf(ConfigurationNode node, bool mayBeOne) =>
        node is ConfigurationList list ? list.Items : mayBeOne ? [node] : null;

    // Where two lines of a list became one entry, it is no mistake of the entry that its space is missed.
    private static string? CheckItem(OptionKey key, ConfigurationScalar item) =>
        item.IsPlain && SpaceHint.OfEntry(item.Text) is { } hint ? hint : key.CheckItem(item.Text);

    private void BindAddresses(OptionKey key, ConfigurationNode node)
    {
        IReadOnlyList<ConfigurationNode> items = ItemsOf(node, mayBeOne: true)!;
        List<Uri> addresses = [];
        foreach (ConfigurationNode item in items)
        {
            Uri? address = null;
            string? problem = item is ConfigurationScalar { IsNull: false } scalar
                ? OriginAddress.Parse(scalar.Text, out address)
                : Describe(item);
            if (problem is not null)
            {
                AddError(item, key, problem + AddressHint.OfList(items.Count == 1 ? node : item), OriginAddress.Syntax);
                _places.SetFaulty(key.Name);
            }
            else
            {
                addresses.Add(address!);
            }
        }

        if (addresses.Count == items.Count)
        {
            BindTogether(key, node, addresses);
        }
    }

    private void BindRules(OptionKey key, ConfigurationNode node)
    {
        if (node is not ConfigurationList list)
        {
            AddWrongType(key, node, Describe(node));
            return;
        }

        List<CacheRule> rules = [];
        for (int index = 0; index < list.Items.Count; index++)
        {
            string name = $"{key.Name}[{index + 1}]";
            if (list.Items[index] is not ConfigurationSection section)
            {
                AddProblem(list.Items[index], name, null, Describe(list.Items[index]), CacheRule.Syntax);
            }
            else if (CacheRuleReader.Read(section, (place, part, value, problem, allowed) =>
                AddProblem(place, $"{name}.{part}", value, problem, allowed)) is { } rule)
            {
                rules.Add(rule);
            }
        }

        if (rules.Count == list.Items.Count)
        {
            BindTogether(key, node, rules);
        }
        else
        {
            _places.SetFaulty(key.Name);
        }
    }

    // Each entry is right for itself by now.
    private void BindTogether(OptionKey key, ConfigurationNode node, object entries)
    {
        bool isValid = true;
        foreach (OptionError error in key.Check(entries))
        {
            isValid = false;
            AddProblem(node, key.Name, error.Value, error.Problem, error.Allowed);
            _places.SetFaulty(key.Name);
        }

        _options = isValid ? key.With(_options, entries) : _options;
    }

    private void AddWrongType(OptionKey key, ConfigurationNode node, string problem)
    {
        AddError(node, key, problem, key.Allowed);
        _places.SetFaulty(key.Name);
    }

    private void AddError(ConfigurationNode node, OptionKey key, string problem, string allowed)
    {
        string? value = (node, key.Kind) switch
        {
            (_, OptionKind.Secret) => OptionKey.Redacted,
            (ConfigurationScalar scalar, OptionKind.OriginAddresses) => HideUserInfo(scalar.Text),
            (ConfigurationScalar scalar, OptionKind.Servers) => HideValues(HideUserInfo(scalar.Text)),
            (ConfigurationScalar scalar, _) => scalar.Text,
            _ => null,
        };
        AddProblem(node, key.Name, value, problem, allowed);
    }

    private void AddProblem(ConfigurationNode node, string? key, string? value, string problem, string? allowed) =>
        _errors.Add(new ConfigurationError(_file, node.Line, node.Column, key, value, problem, allowed));

    // An address may have been written with a password, with or without a scheme before it, which must not end up in a log.
    private static string HideUserInfo(string value)
    {
        int schemeEnd = value.IndexOf("://", StringComparison.Ordinal);
        int begin = schemeEnd < 0 ? 0 : schemeEnd + 3;
        int end = value.LastIndexOf('@');
        return end > begin ? $"{value[..begin]}{OptionKey.Redacted}{value[end..]}" : value;
    }

    // Connection strings of other programs: HOST:PORT,password=SECRET.
    private static string HideValues(string value)
    {
        int end = value.IndexOf('=', StringComparison.Ordinal);
        return end < 0 ? value : value[..(end + 1)] + OptionKey.Redacted;
    }

    private static string Qualify(string sectionName, string name) => sectionName.Length == 0 ? name : $"{sectionName}.{name}";

    private static string Describe(ConfigurationNode node) => node switch
    {
        ConfigurationList => "a list",
        ConfigurationSection => "a section of keys",
        ConfigurationScalar { IsNull: true } => "nothing",
        _ => "a single value",
    };
}
