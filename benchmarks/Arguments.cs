using System.Globalization;

namespace Slice.Benchmarks;

/// <summary>
/// Arguments of the form <c>--name value</c> and, for names listed as flags, <c>--name</c> alone. What nobody asked for is an error.
/// </summary>
internal sealed class Arguments
{
    private readonly List<(string Name, string Value)> _values = [];
    private readonly HashSet<string> _asked = [];

    /// <summary>Throws <see cref="ArgumentException"/> on an argument that is no option or a value that is missing.</summary>
    public Arguments(ReadOnlySpan<string> arguments, params string[] flags)
    {
        for (int index = 0; index < arguments.Length; index++)
        {
            string name = arguments[index];
            if (!name.StartsWith("--", StringComparison.Ordinal))
            {
                throw new ArgumentException($"unexpected argument '{name}'");
            }

            bool isFlag = flags.Contains(name);
            if (!isFlag && index + 1 == arguments.Length)
            {
                throw new ArgumentException($"{name} needs a value");
            }

            _values.Add((name, isFlag ? "" : arguments[++index]));
        }
    }

    /// <summary>Whether the flag is there.</summary>
    public bool Has(string name) => All(name).Count > 0;

    /// <summary>Every value of a repeatable option, in order.</summary>
    public IReadOnlyList<string> All(string name)
    {
        _asked.Add(name);
        return [.. _values.Where(pair => pair.Name == name).Select(pair => pair.Value)];
    }

    /// <summary>The last value, or null.</summary>
    public string? Text(string name) => All(name) is [.., var last] ? last : null;

    /// <summary>The value; its absence throws.</summary>
    public string Required(string name) => Text(name) ?? throw new ArgumentException($"{name} is required");

    /// <summary>The value as a whole number; <paramref name="absent"/> without it.</summary>
    public long Number(string name, long absent)
    {
        string? text = Text(name);
        return text is null ? absent
            : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number
            : throw new ArgumentException($"{name}: '{text}' is not a whole number");
    }

    /// <summary>The value as a number that need not be whole; <paramref name="absent"/> without it.</summary>
    public double Real(string name, double absent) => Text(name) is { } text ? ParseReal(name, text) : absent;

    /// <summary>A value of an option as a number that need not be whole and is not negative.</summary>
    public static double ParseReal(string name, string text) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number) ? number
        : throw new ArgumentException($"{name}: '{text}' is not a number");

    /// <summary>Throws when an option was given that no call above asked for.</summary>
    public void RefuseUnknown()
    {
        string? unknown = _values.Select(pair => pair.Name).FirstOrDefault(name => !_asked.Contains(name));
        if (unknown is not null)
        {
            throw new ArgumentException($"unknown option {unknown}");
        }
    }
}
