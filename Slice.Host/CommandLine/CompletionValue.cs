namespace Slice.Host.CommandLine;

/// <summary>What a shell can propose for a value of the command line.</summary>
internal enum CompletionValue
{
    /// <summary>Nothing: a number, a size, a URL.</summary>
    Unknown,

    /// <summary>One of a few words.</summary>
    Words,

    /// <summary>A configuration: a YAML file.</summary>
    Configuration,

    /// <summary>A directory.</summary>
    Directory,
}
