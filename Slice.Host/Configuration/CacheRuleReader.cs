using Slice.Core.Options;
using Slice.Host.Text;

namespace Slice.Host.Configuration;

/// <summary>Reads one entry of <c>cache_rules</c>, to its end whatever is wrong.</summary>
internal sealed class CacheRuleReader
{
    private static readonly string[] s_parts = ["path", "statuses", "ttl", "override", "ignore", "bypass"];

    private readonly Dictionary<string, ConfigurationNode> _nodes = [];
    private readonly Action<ConfigurationNode, string, string?, string, string> _report;
    private readonly HashSet<string> _faulty = [];

    private CacheRuleReader(Action<ConfigurationNode, string, string?, string, string> report) => _report = report;

    /// <summary>Reads an entry.</summary>
    /// <param name="section">The entry.</param>
    /// <param name="report">Gets every error: its place, the part of the rule, its value or null, what is wrong, what is allowed.</param>
    /// <returns>The rule, or null when something is wrong with it.</returns>
    public static CacheRule? Read(ConfigurationSection section, Action<ConfigurationNode, string, string?, string, string> report)
    {
        var reader = new CacheRuleReader(report);
        foreach (ConfigurationEntry entry in section.Entries)
        {
            reader.Take(entry);
        }

        return reader.Make(section);
    }

    // A part without a value says nothing, as a key does.
    private void Take(ConfigurationEntry entry)
    {
        string name = (entry.Key as ConfigurationScalar)?.Text ?? "";
        if (!s_parts.Contains(name))
        {
            string suggestion = NearestName.Find(name, s_parts) is { } near ? $", did you mean {near}?" : "";
            Report(entry.Key, name, null, $"unknown key{suggestion}", CacheRule.Syntax);
        }
        else if (_nodes.TryGetValue(name, out ConfigurationNode? first))
        {
            Report(entry.Key, name, null, $"already set on line {first.Line}", "each key once in a rule");
        }
        else if (entry.Value is not ConfigurationScalar { IsNull: true })
        {
            _nodes.Add(name, entry.Value);
        }
    }

    private CacheRule? Make(ConfigurationSection section)
    {
        var rule = new CacheRule
        {
            Path = Text("path", SlicePattern.Syntax) ?? "",
            Statuses = [.. Items("statuses", "a list of statuses").Select(Status)],
            Ttl = Ttl(),
            Override = Flag("override"),
            Ignore = Items("ignore", IgnoreSyntax).Aggregate(CacheIgnore.None, (ignored, item) => ignored | Ignored(item)),
            Bypass = Flag("bypass"),
        };
        if (!_nodes.ContainsKey("path"))
        {
            Report(section, "path", "(not set)", "required and not set", SlicePattern.Syntax);
        }

        // What could not be read has been said, and would only seem to be missing or out of range now.
        bool isRead = _faulty.Count == 0;
        foreach (OptionError error in rule.Check().Where(error => isRead || IsUnjudged(error.Key)).ToArray())
        {
            Report(_nodes[error.Key], error.Key, error.Value, error.Problem, error.Allowed);
        }

        return _faulty.Count == 0 ? rule : null;
    }

    // Whether a part can be judged alone, and has not been.
    private bool IsUnjudged(string part) => part is "path" or "statuses" or "ttl" && !_faulty.Contains(part);

    private static string IgnoreSyntax => $"a list of any of {string.Join(", ", CacheRule.IgnoreWords)}";

    private string? Text(string part, string allowed)
    {
        if (!_nodes.TryGetValue(part, out ConfigurationNode? node))
        {
            return null;
        }

        if (node is ConfigurationScalar scalar)
        {
            return scalar.Text;
        }

        Report(node, part, null, "not a single value", allowed);
        return null;
    }

    private bool Flag(string part)
    {
        const string Allowed = "true or false";
        if (Text(part, Allowed) is null)
        {
            return false;
        }

        var scalar = (ConfigurationScalar)_nodes[part];
        if (ScalarValue.ParseFlag(scalar, out object? value) is { } problem)
        {
            Report(scalar, part, scalar.Text, problem, Allowed);
        }

        return value is true;
    }

    private TimeSpan? Ttl()
    {
        if (Text("ttl", DurationText.Syntax) is not { } text)
        {
            return null;
        }

        if (DurationText.TryParse(text, out TimeSpan ttl))
        {
            return ttl;
        }

        Report(_nodes["ttl"], "ttl", text, ValueHint.OfDuration(text), DurationText.Syntax);
        return null;
    }

    private List<ConfigurationScalar> Items(string part, string allowed)
    {
        List<ConfigurationScalar> items = [];
        if (!_nodes.TryGetValue(part, out ConfigurationNode? node))
        {
            return items;
        }

        if (node is not ConfigurationList list)
        {
            Report(node, part, (node as ConfigurationScalar)?.Text, "not a list", allowed);
            return items;
        }

        foreach (ConfigurationNode item in list.Items)
        {
            if (item is ConfigurationScalar scalar)
            {
                items.Add(scalar);
            }
            else
            {
                Report(item, part, null, "not a single value", allowed);
            }
        }

        return items;
    }

    private int Status(ConfigurationScalar item)
    {
        if (item.IsPlain && WholeNumber.TryParse(item.Text, out long number) && number is >= 0 and <= 999)
        {
            return (int)number;
        }

        Report(item, "statuses", item.Text, "not a status", "200 to 599 but 304");
        return 0;
    }

    private CacheIgnore Ignored(ConfigurationScalar item)
    {
        for (int bit = 0; bit < CacheRule.IgnoreWords.Count; bit++)
        {
            if (item.Text == CacheRule.IgnoreWords[bit])
            {
                return (CacheIgnore)(1 << bit);
            }
        }

        Report(item, "ignore", item.Text, "none of the words that may stand here", IgnoreSyntax);
        return CacheIgnore.None;
    }

    private void Report(ConfigurationNode node, string part, string? value, string problem, string allowed)
    {
        _faulty.Add(part);
        _report(node, part, value, problem, allowed);
    }
}
