using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Slice.Host.Configuration;

/// <summary>
/// Reads one YAML document into <see cref="ConfigurationNode"/>s.
/// </summary>
/// <remarks>
/// YamlDotNet's own tree, <c>YamlStream</c>, is not used: it stops at the first key that is there twice, so that the other errors of the
/// file would wait for the next try, and it nests one call per level of the file without a bound. An alias shares the node it names and is
/// never copied, so that a file of aliases of aliases costs no more than its length.
/// </remarks>
internal sealed class YamlTreeReader
{
    // The configuration has two levels and a list; the rest is room for a clear error from the binder instead of one from here.
    private const int DeepestLevel = 16;

    private readonly Parser _parser;
    private readonly Dictionary<AnchorName, ConfigurationNode> _anchors = [];
    private int _level;

    private YamlTreeReader(string text) => _parser = new Parser(new StringReader(text));

    /// <summary>Reads a document.</summary>
    /// <param name="file">The name for errors.</param>
    /// <param name="text">The whole file.</param>
    /// <param name="errors">Gets what is wrong with the file as YAML; at most one entry.</param>
    /// <returns>The document, or null when it is empty or wrong.</returns>
    public static ConfigurationNode? Read(string file, string text, List<ConfigurationError> errors)
    {
        if (UnprintableCharacter.Find(text) is { } found)
        {
            errors.Add(new(file, found.Line, found.Column, null, null, found.Problem, UnprintableCharacter.Allowed));
            return null;
        }

        YamlTreeReader reader = new(text);
        try
        {
            return reader.ReadDocument();
        }
        catch (YamlException exception)
        {
            // Of a tab as indentation the scanner names the begin of the file, but it had read up to the line before.
            errors.Add(NotYaml(file, text, exception.Start.Index == 0 ? reader.ReadUpTo : exception.Start, exception.Message));
            return null;
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // The scanner has bugs of its own: a list in brackets that is never closed makes it throw InvalidOperationException. A broken
            // file must not end a running proxy that was told to read it again.
            errors.Add(NotYaml(file, text, reader.ReadUpTo, "not understood from here on"));
            return null;
        }
    }

    private Mark ReadUpTo => _parser.Current?.End ?? Mark.Empty;

    private static ConfigurationError NotYaml(string file, string text, Mark place, string message)
    {
        YamlComplaint complaint = YamlComplaint.Of(text, ToInt(place.Line), ToInt(place.Column), message);
        return new(file, complaint.Line, complaint.Column, null, null, $"not YAML: {complaint.Problem}", complaint.Allowed);
    }

    private ConfigurationNode? ReadDocument()
    {
        Expect<StreamStart>();
        if (Peek() is StreamEnd)
        {
            return null;
        }

        Expect<DocumentStart>();
        ConfigurationNode root = ReadNode();
        Expect<DocumentEnd>();
        ParsingEvent end = Peek();
        return end is StreamEnd ? root : throw new YamlException(end.Start, end.End, "a second document begins here");
    }

    private ConfigurationNode ReadNode()
    {
        ParsingEvent begin = Peek();
        if (begin is AnchorAlias alias)
        {
            _parser.MoveNext();
            return _anchors.TryGetValue(alias.Value, out ConfigurationNode? target)
                ? target
                : throw new YamlException(begin.Start, begin.End, "an alias of an anchor that is not complete above it");
        }

        if (++_level > DeepestLevel)
        {
            throw new YamlException(begin.Start, begin.End, $"nested deeper than {DeepestLevel} levels");
        }

        ConfigurationNode node = begin switch
        {
            SequenceStart => ReadList(),
            MappingStart => ReadSection(),
            _ => ReadScalar(),
        };
        _level--;
        if (begin is NodeEvent { Anchor.IsEmpty: false } anchored)
        {
            _anchors[anchored.Anchor] = node;
        }

        return node;
    }

    private ConfigurationScalar ReadScalar()
    {
        Scalar scalar = Expect<Scalar>();
        return new ConfigurationScalar(
            ToInt(scalar.Start.Line), ToInt(scalar.Start.Column), scalar.Value, scalar.Style == ScalarStyle.Plain);
    }

    private ConfigurationList ReadList()
    {
        SequenceStart start = Expect<SequenceStart>();
        List<ConfigurationNode> items = [];
        while (Peek() is not SequenceEnd)
        {
            items.Add(ReadNode());
        }

        Expect<SequenceEnd>();
        return new ConfigurationList(ToInt(start.Start.Line), ToInt(start.Start.Column), items);
    }

    private ConfigurationSection ReadSection()
    {
        MappingStart start = Expect<MappingStart>();
        List<ConfigurationEntry> entries = [];
        while (Peek() is not MappingEnd)
        {
            ConfigurationNode key = ReadNode();
            entries.Add(new ConfigurationEntry(key, ReadNode()));
        }

        Expect<MappingEnd>();

        // A section without braces inside of a list in brackets, [a: b], has no place of its own.
        return start.Start.Index == 0 && entries.Count > 0
            ? new ConfigurationSection(entries[0].Key.Line, entries[0].Key.Column, entries)
            : new ConfigurationSection(ToInt(start.Start.Line), ToInt(start.Start.Column), entries);
    }

    private ParsingEvent Peek()
    {
        while (_parser.Current is null or Comment)
        {
            if (!_parser.MoveNext())
            {
                throw new YamlException("the file ends too early");
            }
        }

        return _parser.Current;
    }

    private T Expect<T>()
        where T : ParsingEvent
    {
        ParsingEvent current = Peek();
        if (current is not T expected)
        {
            throw new YamlException(current.Start, current.End, "not expected here");
        }

        _parser.MoveNext();
        return expected;
    }

    private static int ToInt(long lineOrColumn) => (int)Math.Clamp(lineOrColumn, 1, int.MaxValue);
}
