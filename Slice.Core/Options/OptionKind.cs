namespace Slice.Core.Options;

/// <summary>What the value of a configuration key is, and so how it is written and checked.</summary>
public enum OptionKind
{
    /// <summary>A whole number (<see cref="long"/>).</summary>
    Count,

    /// <summary>Bytes (<see cref="long"/>), written as <see cref="ByteSizeText"/> reads them.</summary>
    Size,

    /// <summary>A <see cref="TimeSpan"/>, written as <see cref="DurationText"/> reads it.</summary>
    Duration,

    /// <summary>A <see cref="bool"/>, <c>true</c> or <c>false</c>.</summary>
    Flag,

    /// <summary>A list of regular expressions (<see cref="IReadOnlyList{T}"/> of <see cref="string"/>).</summary>
    Patterns,

    /// <summary>A list of names of query arguments (<see cref="IReadOnlyList{T}"/> of <see cref="string"/>).</summary>
    Arguments,

    /// <summary>A list of names of request fields (<see cref="IReadOnlyList{T}"/> of <see cref="string"/>).</summary>
    FieldNames,

    /// <summary>A list of IP addresses and networks (<see cref="IReadOnlyList{T}"/> of <see cref="string"/>).</summary>
    Networks,

    /// <summary>A list of hosts, <c>*.NAME</c> for every name below one (<see cref="IReadOnlyList{T}"/> of <see cref="string"/>).</summary>
    Hosts,

    /// <summary>
    /// Servers as <see cref="ServerAddress"/> reads them (<see cref="IReadOnlyList{T}"/> of <see cref="string"/>), one address or a list.
    /// </summary>
    Servers,

    /// <summary>A list of <see cref="CacheRule"/>s (<see cref="IReadOnlyList{T}"/> of them).</summary>
    CacheRules,

    /// <summary>One of the key's <see cref="OptionKey.Choices"/> (<see cref="string"/>).</summary>
    Choice,

    /// <summary>An address to listen on (<see cref="string"/>).</summary>
    ListenAddress,

    /// <summary>The origin (<see cref="IReadOnlyList{T}"/> of <see cref="Uri"/>, not empty), one address or a list.</summary>
    OriginAddresses,

    /// <summary>An absolute path of a URL (<see cref="string"/>).</summary>
    UrlPath,

    /// <summary>A directory of this machine (<see cref="string"/>).</summary>
    Directory,

    /// <summary>
    /// A file of this machine that is read at start (<see cref="string"/>, or null). What is in it is checked where it is read.
    /// </summary>
    File,

    /// <summary>Where the access log goes: a file, <c>journal</c> or <c>stderr</c> (<see cref="string"/>, or null).</summary>
    LogTarget,

    /// <summary>How a line of the access log looks, as <see cref="AccessLogFormat"/> reads it (<see cref="string"/>).</summary>
    LogFormat,

    /// <summary>A host name or an IP address, without a port (<see cref="string"/>, or null).</summary>
    HostName,

    /// <summary>A name without spaces (<see cref="string"/>, or null).</summary>
    Word,

    /// <summary>What keys of a store begin with (<see cref="string"/>).</summary>
    KeyPrefix,

    /// <summary>
    /// A text that is never shown (<see cref="string"/>, or null), of at least <see cref="OptionKey.Minimum"/> characters.
    /// </summary>
    Secret,

    /// <summary>A <see cref="LogSeverity"/>.</summary>
    LogLevel,
}
