namespace Slice.Core.Options;

/// <summary>Severities of log lines, most talkative first.</summary>
public enum LogSeverity
{
    /// <summary>Single steps inside a request.</summary>
    Trace,

    /// <summary>Clients' faults and decisions of the cache.</summary>
    Debug,

    /// <summary>Start, shutdown, changes of state.</summary>
    Info,

    /// <summary>The origin's faults.</summary>
    Warn,

    /// <summary>Our own faults.</summary>
    Error,
}
